//! One session with a HissabBook server over HTTPS: what remote books and the commands about servers share.
