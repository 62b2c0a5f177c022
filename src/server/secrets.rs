//! What must not be guessed: opaque tokens and codes, and the key file.

use std::fs;
use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How a personal token begins, so that scanners of leaked secrets know it.
pub const TOKEN_PREFIX: &str = "hsb_";
/// How a refresh token begins.
pub const REFRESH_PREFIX: &str = "hsr_";
/// How an invitation's code begins.
pub const INVITE_PREFIX: &str = "hsi_";

/// Bytes of the key file: half signs access tokens, half makes refresh tokens.
pub const KEY_BYTES: usize = 64;

/// 256 bits of chance behind a prefix.
///
/// Errors: the system has no chance to give.
pub fn opaque(prefix: &str) -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// A code to type: 80 bits as four groups of four letters and digits that cannot be mistaken.
pub fn typed() -> Result<String, getrandom::Error> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    let letters: Vec<char> = bytes
        .iter()
        .map(|b| char::from(LETTERS[usize::from(b % 32)]))
        .collect();
    let groups: Vec<String> = letters.chunks(4).map(|g| g.iter().collect()).collect();
    Ok(groups.join("-"))
}

/// A typed code as it is compared: case, spaces and hyphens do not count.
pub fn plain(code: &str) -> String {
    let kept = code.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_uppercase()).collect()
}

/// The key file: read, or made with mode 0600.
///
/// Errors: words for the operator.
pub fn key(path: &Path) -> Result<[u8; KEY_BYTES], String> {
    match fs::read(path) {
        Ok(bytes) => {
            refuse_readable(path)?;
            bytes
                .try_into()
                .map_err(|_| format!("{} is not a key of {KEY_BYTES} bytes", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make_key(path),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Makes the key file of a server that moves here.
///
/// Errors: there is another one.
pub fn keep_key(path: &Path, wanted: &[u8; KEY_BYTES]) -> Result<(), String> {
    match fs::read(path) {
        Ok(there) if there == wanted => refuse_readable(path),
        Ok(_) => Err(format!("{} is another server's", path.display())),
        Err(_) => write_key(path, wanted),
    }
}

fn make_key(path: &Path) -> Result<[u8; KEY_BYTES], String> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|e| format!("{}: {e}", path.display()))?;
    write_key(path, &key).map(|()| key)
}

/// Whole or not at all: a key cut short by a crash would lock everyone out.
fn write_key(path: &Path, key: &[u8; KEY_BYTES]) -> Result<(), String> {
    let say = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    // Temporary files are 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| say(&e))?;
    file.write_all(key).map_err(|e| say(&e))?;
    file.as_file().sync_all().map_err(|e| say(&e))?;
    file.persist_noclobber(path).map_err(|e| say(&e.error))?;
    Ok(())
}

/// What stands in a file of secrets that only its owner reads.
///
/// Errors: words for the operator.
pub fn text(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
    refuse_readable(path)?;
    Ok(text)
}

/// Refuses a file of secrets that others can read.
///
/// Errors: words for the operator, with the command.
#[cfg(unix)]
fn refuse_readable(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)
        .map_err(|e| e.to_string())?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!(
        "{0} can be read by others: chmod 600 {0}",
        path.display()
    ))
}

#[cfg(not(unix))]
fn refuse_readable(_path: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_code_is_read_as_it_was_meant() {
        let code = typed().unwrap();
        assert_eq!(code.len(), 19);
        assert_eq!(plain(&code.to_lowercase().replace('-', " ")), plain(&code));
        assert_ne!(typed().unwrap(), code);
    }

    #[test]
    fn the_key_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let made = key(&path).unwrap();
        assert_eq!(key(&path).unwrap(), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            assert!(key(&path).unwrap_err().contains("chmod 600"));
        }
    }
}
