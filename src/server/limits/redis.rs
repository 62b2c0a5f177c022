//! Limits of several servers in Redis, so that sign-ins cost their database nothing.
//!
//! One thread speaks to Redis, and whoever asks it waits for a short while only: what is not answered by then is
//! counted in the database. Redis is never believed in anything else, and may be empty, restarted or away at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use ::redis::{Client, Connection, RedisError, RedisResult, cmd};
use uuid::Uuid;

use crate::ledger::audit::hex;
use crate::server::config::{Clock, LogTo, ServeError};

/// How long a request waits for Redis.
const ANSWERED_WITHIN: Duration = Duration::from_millis(250);
/// How long Redis may take to be connected to; only its own thread waits.
const CONNECTED_WITHIN: Duration = Duration::from_millis(500);
/// How long a start waits for the first connection: the name may have to be looked up.
const STARTED_WITHIN: Duration = Duration::from_secs(1);
/// How often a Redis that is away is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Questions that wait at most; more are counted in the database.
const WAITING_MAX: usize = 256;
/// Keys settled in one question, so that sign-ins come in between.
const SETTLED_AT_ONCE: usize = 500;
/// What the log says of a Redis that took longer than that.
const TOO_SLOW: &str = "it does not answer in time";
/// Microseconds in which an empty bucket fills.
const WINDOW: u64 = 60_000_000;

/// A bucket is the instant at which it is full again, by the clock of Redis; a full one is forgotten by itself.
///
/// Takes `ARGV[1]` microseconds from it, unless (`ARGV[3]` is 1) there are not so many; answers the microseconds that
/// are missing. A bucket that came from elsewhere holds nobody up for longer than two windows.
const COUNT: &str = "
local time = redis.call('TIME')
local now, window = time[1] * 1000000 + time[2], tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or 0) or 0
full = math.max(now, math.min(full, now + 2 * window)) + tonumber(ARGV[1])
local missing = math.max(0, full - now - window)
if missing > 0 and ARGV[3] == '1' then return missing end
full = math.min(full, now + 2 * window)
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return missing";

/// A Redis that servers share, for as long as this one runs.
pub struct Redis {
    questions: SyncSender<Question>,
    health: Arc<Health>,
}

/// How Redis is doing.
#[derive(Default)]
struct Health {
    answers: AtomicBool,
    missed: AtomicU64,
}

/// What is taken from a bucket.
struct Count {
    key: [u8; 32],
    micros: u64,
    /// Take nothing if there is not enough.
    whole: bool,
}

struct Question {
    counts: Vec<Count>,
    /// Microseconds missing in each bucket; dropped if Redis did not say.
    answer: SyncSender<Vec<u64>>,
}

/// Whether an address can be one of Redis.
///
/// Errors: it cannot; the words hold no password.
pub fn check(url: &str) -> Result<(), ServeError> {
    client(url).map(drop)
}

/// Whether Redis answers there. Waits for it.
pub fn probe(url: &str) -> Result<(), ServeError> {
    let asked = connect(&client(url)?).and_then(|mut line| cmd("PING").exec(&mut line));
    asked.map_err(|error| ServeError::Redis { why: words(&error) })
}

fn client(url: &str) -> Result<Client, ServeError> {
    let wrong = |why: &str| ServeError::Redis {
        why: why.to_owned(),
    };
    // The scheme says whether the way is encrypted: it is never left out.
    if !["redis://", "rediss://", "redis+unix://"]
        .iter()
        .any(|s| url.starts_with(s))
    {
        return Err(wrong(
            "the address is none of redis://, rediss:// and redis+unix://",
        ));
    }
    Client::open(url).map_err(|error| wrong(&format!("the address is not one: {error}")))
}

fn connect(client: &Client) -> RedisResult<Connection> {
    let line = client.get_connection_with_timeout(CONNECTED_WITHIN)?;
    line.set_read_timeout(Some(ANSWERED_WITHIN))?;
    line.set_write_timeout(Some(ANSWERED_WITHIN))?;
    Ok(line)
}

/// Why Redis did not do it, for the operator.
fn words(error: &RedisError) -> String {
    if error.is_timeout() {
        return TOO_SLOW.to_owned();
    }
    error.to_string()
}

impl Redis {
    /// Speaks to the Redis at an address; limits of the servers of one database go by its `scope`.
    ///
    /// One that is away is looked for from now on, and the log says when it comes and goes.
    pub fn start(
        url: &str,
        scope: Uuid,
        (log, clock): (LogTo, Clock),
    ) -> Result<Redis, ServeError> {
        let (questions, asked) = sync_channel(WAITING_MAX);
        let (tried, first) = sync_channel(1);
        let health = Arc::new(Health::default());
        let speaker = Speaker {
            client: client(url)?,
            line: None,
            scope,
            health: Arc::clone(&health),
            said: None,
            log,
            clock,
        };
        std::thread::Builder::new()
            .name("hissab-redis".to_owned())
            .spawn(move || speaker.speak(&asked, tried))
            .map_err(|e| ServeError::Failed { why: e.to_string() })?;
        // Whether it is there is in the log.
        let _ = first.recv_timeout(STARTED_WITHIN);
        Ok(Redis { questions, health })
    }

    /// Takes one from the bucket of a key that holds so many a minute; `Err` holds the seconds until there is one.
    ///
    /// `None`: Redis did not say in time.
    pub fn take(&self, key: [u8; 32], a_minute: u32) -> Option<Result<(), u64>> {
        let micros = WINDOW / u64::from(a_minute.max(1));
        let count = Count {
            key,
            micros,
            whole: true,
        };
        let missing = self.ask(vec![count])?.first().copied()?;
        Some(match missing {
            0 => Ok(()),
            micros => Err(micros / 1_000_000 + 1),
        })
    }

    /// Adds requests to the buckets of their keys; gives those that are over now, and for how many microseconds.
    ///
    /// `None`: Redis did not take them all in time.
    pub fn settle(
        &self,
        counted: &[([u8; 32], u64)],
        a_minute: u32,
    ) -> Option<Vec<([u8; 32], u64)>> {
        let step = WINDOW / u64::from(a_minute.max(1));
        let mut over = Vec::new();
        for some in counted.chunks(SETTLED_AT_ONCE) {
            let counts = some.iter().map(|(key, count)| Count {
                key: *key,
                micros: count.saturating_mul(step).min(2 * WINDOW),
                whole: false,
            });
            let missing = self.ask(counts.collect())?;
            let late = some.iter().zip(missing).filter(|(_, missing)| *missing > 0);
            over.extend(late.map(|((key, _), missing)| (*key, missing)));
        }
        Some(over)
    }

    /// Whether the last that was heard of it was an answer.
    pub fn answers(&self) -> bool {
        self.health.answers.load(Ordering::Acquire)
    }

    /// How often the database counted instead.
    pub fn missed(&self) -> u64 {
        self.health.missed.load(Ordering::Relaxed)
    }

    fn ask(&self, counts: Vec<Count>) -> Option<Vec<u64>> {
        let answered = self.answers().then(|| self.ask_now(counts)).flatten();
        if answered.is_none() {
            self.health.missed.fetch_add(1, Ordering::Relaxed);
        }
        answered
    }

    /// Asks, and gives Redis up for now if it takes too long: nobody else waits for it then.
    fn ask_now(&self, counts: Vec<Count>) -> Option<Vec<u64>> {
        let (answer, answered) = sync_channel(1);
        self.questions.try_send(Question { counts, answer }).ok()?;
        match waiting(|| answered.recv_timeout(ANSWERED_WITHIN)) {
            Ok(missing) => Some(missing),
            Err(RecvTimeoutError::Timeout) => {
                self.health.answers.store(false, Ordering::Release);
                None
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }
}

/// Waits without keeping a runtime's other work waiting, where there is a runtime.
fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current() {
        Ok(_) => tokio::task::block_in_place(wait),
        Err(_) => wait(),
    }
}

/// The thread that speaks to Redis.
struct Speaker {
    client: Client,
    line: Option<Connection>,
    scope: Uuid,
    health: Arc<Health>,
    /// What the log says of it so far.
    said: Option<bool>,
    log: LogTo,
    clock: Clock,
}

impl Speaker {
    /// Answers until nobody can ask any more. `tried` is let go after the first attempt to connect.
    fn speak(mut self, asked: &Receiver<Question>, tried: SyncSender<()>) {
        let mut looked = Instant::now();
        self.look();
        drop(tried);
        loop {
            match asked.recv_timeout(LOOK_EVERY) {
                Ok(question) => self.answer(question),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.health.answers.load(Ordering::Acquire) {
                continue;
            }
            // Whoever asked gave up before the line did.
            if self.line.take().is_some() {
                self.say(false, TOO_SLOW);
            }
            if looked.elapsed() >= LOOK_EVERY {
                looked = Instant::now();
                self.look();
            }
        }
    }

    /// Looks for a Redis that is away.
    fn look(&mut self) {
        match connect(&self.client) {
            Ok(line) => {
                self.line = Some(line);
                self.health.answers.store(true, Ordering::Release);
                self.say(true, "");
            }
            Err(error) => self.say(false, &words(&error)),
        }
    }

    fn answer(&mut self, question: Question) {
        let Some(line) = &mut self.line else { return };
        match count(line, self.scope, &question.counts) {
            // Whoever asked may have given up.
            Ok(missing) => drop(question.answer.try_send(missing)),
            Err(error) => {
                self.health.answers.store(false, Ordering::Release);
                self.line = None;
                self.say(false, &words(&error));
            }
        }
    }

    /// Says in the log that Redis came or went, once.
    fn say(&mut self, answers: bool, why: &str) {
        if self.said == Some(answers) {
            return;
        }
        self.said = Some(answers);
        let at = (self.clock)().to_string();
        let line = match answers {
            true => {
                serde_json::json!({ "at": at, "level": "info", "message": "limits are counted in Redis" })
            }
            false => {
                serde_json::json!({ "at": at, "level": "warn", "message": "Redis does not answer: limits are counted in the database until it does", "why": why })
            }
        };
        self.log.line(line.to_string());
    }
}

/// Takes from each bucket, all in one flight.
fn count(line: &mut Connection, scope: Uuid, counts: &[Count]) -> RedisResult<Vec<u64>> {
    let mut flight = ::redis::pipe();
    for count in counts {
        flight
            .cmd("EVAL")
            .arg(COUNT)
            .arg(1)
            .arg(format!("hissab:{scope}:{}", hex(&count.key)))
            .arg(count.micros)
            .arg(WINDOW)
            .arg(u8::from(count.whole));
    }
    let missing: Vec<u64> = flight.query(line)?;
    Ok(missing.into_iter().map(|m| m.min(2 * WINDOW)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_by_its_words_and_no_password_is_said() {
        for good in [
            "redis://r",
            "redis://r:6380/2",
            "rediss://:s3cret@r",
            "redis+unix:///run/r.sock",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "r:6379",
            "http://r",
            "redis://",
            "redis://:s3cret@r:x",
            "redis://:s3cret@r/x",
        ] {
            let error = check(wrong).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_redis_that_is_away_is_no_reason_to_wait() {
        let log = Arc::default();
        let to = (
            LogTo::Memory(Arc::clone(&log)),
            Arc::new(jiff::Timestamp::now) as Clock,
        );
        // Nothing listens on a port that was just given back.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}", free.local_addr().unwrap());
        drop(free);
        let redis = Redis::start(&url, Uuid::nil(), to).unwrap();
        assert_eq!(redis.take([0; 32], 1), None);
        assert_eq!(redis.settle(&[([0; 32], 1)], 1), None);
        assert_eq!((redis.answers(), redis.missed()), (false, 2));
        let said: Vec<String> = log.lock().unwrap().clone();
        assert!(said[0].contains("Redis does not answer"), "{said:?}");
        assert!(probe(&url).is_err());
    }
}
