//! What the server counts, in the text form of Prometheus: requests by route, lanes, streams, jobs.
//!
//! Counters are plain atomics, one set an operation of the table: nothing a client sends makes a new series.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Method;

use super::access::{Lookup, OPERATIONS, lookup};
use super::lanes::LaneStats;
use super::limits::Redis;

/// Upper ends of the buckets, in microseconds, and as they are printed.
const BUCKETS: [(u64, &str); 11] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
];

/// Requests of one operation.
#[derive(Default)]
struct Timed {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    micros: AtomicU64,
    /// By hundreds of the status: 1xx to 5xx.
    statuses: [AtomicU64; 5],
}

/// Everything that is counted and not known elsewhere.
pub struct Metrics {
    /// One an operation, and one for what is none.
    requests: Vec<Timed>,
    listeners: Arc<AtomicUsize>,
    pub jobs: JobCounts,
}

/// What became of jobs, and how many are at work.
#[derive(Default)]
pub struct JobCounts {
    pub running: AtomicUsize,
    pub succeeded: AtomicU64,
    pub failed: AtomicU64,
    pub cancelled: AtomicU64,
}

/// The seat of one listener, given back when dropped.
pub struct Listening(Arc<AtomicUsize>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            requests: (0..=OPERATIONS.len()).map(|_| Timed::default()).collect(),
            listeners: Arc::default(),
            jobs: JobCounts::default(),
        }
    }
}

impl Metrics {
    /// Counts a request that was answered. `route` is the template that matched, empty if none did.
    pub fn request(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let index = match lookup(method, route) {
            Lookup::Operation(operation) => OPERATIONS.iter().position(|o| o.id == operation.id),
            _ => None,
        };
        let Some(timed) = self.requests.get(index.unwrap_or(OPERATIONS.len())) else {
            return;
        };
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        timed.count.fetch_add(1, Ordering::Relaxed);
        timed.micros.fetch_add(micros, Ordering::Relaxed);
        if let Some(bucket) = BUCKETS.iter().position(|(end, _)| micros <= *end) {
            timed.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
        let class = usize::from((status / 100).clamp(1, 5) - 1);
        timed.statuses[class].fetch_add(1, Ordering::Relaxed);
    }

    /// A seat for one more listener, while there are fewer than `max`.
    pub fn listen(&self, max: usize) -> Option<Listening> {
        let seat = Listening(Arc::clone(&self.listeners));
        (self.listeners.fetch_add(1, Ordering::Relaxed) < max).then_some(seat)
    }

    /// Every series as text.
    pub fn text(&self, lanes: &LaneStats, log_dropped: u64, redis: Option<&Redis>) -> String {
        let mut text = String::new();
        self.put_requests(&mut text);
        put_lanes(&mut text, lanes);
        put_redis(&mut text, redis);
        let listeners = self.listeners.load(Ordering::Relaxed) as u64;
        put(
            &mut text,
            "hissab_event_listeners",
            "gauge",
            "Open event streams",
            listeners,
        );
        put(
            &mut text,
            "hissab_log_lines_dropped_total",
            "counter",
            "Log lines that nobody read in time",
            log_dropped,
        );
        let jobs = &self.jobs;
        let running = jobs.running.load(Ordering::Relaxed) as u64;
        put(
            &mut text,
            "hissab_jobs_running",
            "gauge",
            "Jobs at work",
            running,
        );
        head(
            &mut text,
            "hissab_jobs_total",
            "counter",
            "Jobs that came to their end",
        );
        for (state, count) in [
            ("succeeded", &jobs.succeeded),
            ("failed", &jobs.failed),
            ("cancelled", &jobs.cancelled),
        ] {
            let count = count.load(Ordering::Relaxed);
            line(
                &mut text,
                format_args!("hissab_jobs_total{{state=\"{state}\"}} {count}"),
            );
        }
        text
    }

    fn put_requests(&self, text: &mut String) {
        const SECONDS: &str = "hissab_request_seconds";
        head(
            text,
            SECONDS,
            "histogram",
            "Time to the head of an answer, by route",
        );
        let labels = || {
            let known = OPERATIONS
                .iter()
                .map(|o| format!("method=\"{}\",route=\"{}\"", o.method, o.route()));
            known.chain(["method=\"\",route=\"\"".to_owned()])
        };
        // A route nobody asked for has no series yet.
        let counted = |timed: &Timed| timed.count.load(Ordering::Relaxed) > 0;
        for (label, timed) in labels().zip(&self.requests).filter(|(_, t)| counted(t)) {
            let mut below = 0;
            for ((_, end), bucket) in BUCKETS.iter().zip(&timed.buckets) {
                below += bucket.load(Ordering::Relaxed);
                line(
                    text,
                    format_args!("{SECONDS}_bucket{{{label},le=\"{end}\"}} {below}"),
                );
            }
            // Counted apart, so it could be a request behind what the buckets say.
            let count = timed.count.load(Ordering::Relaxed).max(below);
            line(
                text,
                format_args!("{SECONDS}_bucket{{{label},le=\"+Inf\"}} {count}"),
            );
            let sum = seconds(timed.micros.load(Ordering::Relaxed));
            line(text, format_args!("{SECONDS}_sum{{{label}}} {sum}"));
            line(text, format_args!("{SECONDS}_count{{{label}}} {count}"));
        }
        head(
            text,
            "hissab_requests_total",
            "counter",
            "Requests by route and class of status",
        );
        for (label, timed) in labels().zip(&self.requests).filter(|(_, t)| counted(t)) {
            for (class, count) in (1..).zip(&timed.statuses) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    line(
                        text,
                        format_args!(
                            "hissab_requests_total{{{label},status=\"{class}xx\"}} {count}"
                        ),
                    );
                }
            }
        }
    }
}

fn put_lanes(text: &mut String, lanes: &LaneStats) {
    let gauges = [
        (
            "hissab_lane_waiting",
            "Writes that wait for their commit",
            lanes.waiting.load(Ordering::Relaxed),
        ),
        (
            "hissab_open_books",
            "Books that are open",
            lanes.open_books.load(Ordering::Relaxed),
        ),
        (
            "hissab_book_streams",
            "Whole-book reads at work",
            lanes.streams.load(Ordering::Relaxed),
        ),
        (
            "hissab_long_writes",
            "Imports and whole books that are written now, on threads of their own",
            lanes.long.load(Ordering::Relaxed),
        ),
    ];
    for (name, help, value) in gauges {
        put(text, name, "gauge", help, value as u64);
    }
    let commits = lanes.commits.load(Ordering::Relaxed);
    put(
        text,
        "hissab_commits_total",
        "counter",
        "Commits of groups of units",
        commits,
    );
    let units = lanes.units.load(Ordering::Relaxed);
    put(
        text,
        "hissab_commit_units_total",
        "counter",
        "Units in those commits: divided by them, the size of a group",
        units,
    );
    const WAITED: &str = "hissab_lane_wait_seconds_total";
    head(
        text,
        WAITED,
        "counter",
        "How long units waited for their commit to begin, in sum",
    );
    let waited = seconds(lanes.waited_us.load(Ordering::Relaxed));
    line(text, format_args!("{WAITED} {waited}"));
}

fn put_redis(text: &mut String, redis: Option<&Redis>) {
    put(
        text,
        "hissab_redis_away",
        "gauge",
        "1 while a Redis that was named does not answer",
        redis.map_or(0, |redis| u64::from(!redis.answers())),
    );
    put(
        text,
        "hissab_redis_missed_total",
        "counter",
        "Limits counted in the database because Redis did not answer in time",
        redis.map_or(0, Redis::missed),
    );
}

/// Asked of the disk at each reading: a book that is put back is not missing any more.
pub fn put_missing(text: &mut String, books: u64) {
    put(
        text,
        "hissab_books_missing",
        "gauge",
        "Organisations whose book is not there: their requests fail, the others are served",
        books,
    );
}

fn put(text: &mut String, name: &str, kind: &str, help: &str, value: u64) {
    head(text, name, kind, help);
    line(text, format_args!("{name} {value}"));
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    line(text, format_args!("# HELP {name} {help}"));
    line(text, format_args!("# TYPE {name} {kind}"));
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Into memory: this cannot fail.
    let _ = writeln!(text, "{words}");
}

/// Microseconds as exact seconds.
fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_template_and_class() {
        let metrics = Metrics::default();
        let route = "/api/v1/orgs/{org}/transactions";
        for micros in [400, 3_000] {
            metrics.request(&Method::GET, route, 200, Duration::from_micros(micros));
        }
        metrics.request(&Method::GET, "", 404, Duration::from_secs(20));
        let text = metrics.text(&LaneStats::default(), 0, None);
        let label = format!("method=\"GET\",route=\"{route}\"");
        for expected in [
            format!("hissab_request_seconds_bucket{{{label},le=\"0.0005\"}} 1\n"),
            format!("hissab_request_seconds_bucket{{{label},le=\"0.005\"}} 2\n"),
            format!("hissab_request_seconds_sum{{{label}}} 0.003400\n"),
            format!("hissab_requests_total{{{label},status=\"2xx\"}} 2\n"),
            "hissab_request_seconds_bucket{method=\"\",route=\"\",le=\"10\"} 0\n".to_owned(),
            "hissab_request_seconds_bucket{method=\"\",route=\"\",le=\"+Inf\"} 1\n".to_owned(),
        ] {
            assert!(text.contains(&expected), "{expected}{text}");
        }
    }

    #[test]
    fn there_are_only_so_many_seats() {
        let metrics = Metrics::default();
        let seats: Vec<_> = (0..2).map(|_| metrics.listen(2)).collect();
        assert!(seats.iter().all(Option::is_some) && metrics.listen(2).is_none());
        drop(seats);
        assert!(metrics.listen(1).is_some());
    }
}
