//! Background jobs: one shape, and one runner that repeats them, measures them and ends with the server.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::tasks::Tasks;

/// Work that is repeated for as long as the server runs.
pub trait Job: Send + Sync + 'static {
    /// Names the job in logs, metrics and leases: `snake_case`.
    const NAME: &'static str;
    /// The pause after a run, and before the first one, unless [`FIRST`](Self::FIRST) says otherwise.
    const EVERY: Duration;
    /// The pause before the first run.
    const FIRST: Duration = Self::EVERY;
    /// The pause after a run that failed.
    const RETRY: Duration = Self::EVERY;
    /// Whether one node runs it for all, by a lease; else every node runs it for itself.
    const SHARED: bool = false;
    /// Why a run can fail.
    type Error: std::fmt::Display + Send;

    /// One run. What fails is logged, counted, and tried again after the pause.
    fn run(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Ends the pause early: there is work before its time.
    fn woken(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// Says which node runs a shared job.
pub trait Leases: Send + Sync + 'static {
    /// Take the lease of that name, or renew it, for so long. `false`: another node has it, or it cannot be had now.
    fn take(&self, name: &'static str, duration: Duration) -> impl Future<Output = bool> + Send;
}

/// How the runs of a job went.
#[derive(Debug, Default)]
pub struct JobStats {
    /// Runs that ended well.
    pub succeeded: AtomicU64,
    /// Runs that failed.
    pub failed: AtomicU64,
    /// Runs left to the node that has the lease.
    pub skipped: AtomicU64,
    /// How long the last run took, in microseconds.
    pub last_run_us: AtomicU64,
}

/// Starts jobs. Each ends with the server: a run is dropped at its next await then.
#[derive(Debug)]
pub struct JobRunner<L> {
    tasks: Tasks,
    leases: std::sync::Arc<L>,
    jobs: Vec<(&'static str, std::sync::Arc<JobStats>)>,
}

impl<L: Leases> JobRunner<L> {
    /// One that runs jobs as services of `tasks`.
    pub fn new(tasks: Tasks, leases: L) -> Self {
        Self { tasks, leases: leases.into(), jobs: Vec::new() }
    }

    /// Repeat a job from now on.
    pub fn start<J: Job>(&mut self, job: J) {
        let stats = std::sync::Arc::new(JobStats::default());
        self.jobs.push((J::NAME, std::sync::Arc::clone(&stats)));
        let leases = std::sync::Arc::clone(&self.leases);
        self.tasks.service(async move {
            tokio::time::sleep(J::FIRST).await;
            loop {
                // As long as the pause and a half: a node that is gone is replaced at the run after its next one.
                let mut succeeded = false;
                let pause = if J::SHARED && !leases.take(J::NAME, J::EVERY.mul_f32(1.5)).await {
                    stats.skipped.fetch_add(1, Ordering::Relaxed);
                    J::EVERY
                } else {
                    succeeded = run_once(&job, &stats).await;
                    if succeeded { J::EVERY } else { J::RETRY }
                };
                // Not after a failure: what woke it may be there still.
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = job.woken(), if succeeded => {}
                }
            }
        });
    }

    /// How each job's runs went so far.
    pub fn stats(&self) -> impl Iterator<Item = (&'static str, &JobStats)> {
        self.jobs.iter().map(|(name, stats)| (*name, &**stats))
    }
}

/// Run it, and say whether it ended well.
async fn run_once<J: Job>(job: &J, stats: &JobStats) -> bool {
    let started = Instant::now();
    let result = job.run().await;
    let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    stats.last_run_us.store(took, Ordering::Relaxed);
    match result {
        Ok(()) => {
            stats.succeeded.fetch_add(1, Ordering::Relaxed);
            true
        }
        Err(error) => {
            stats.failed.fetch_add(1, Ordering::Relaxed);
            let retry_s = J::RETRY.as_secs();
            tracing::warn!(job = J::NAME, %error, retry_s, "a job failed; it will run again");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;

    struct Count(Arc<AtomicU64>);

    impl Job for Count {
        const NAME: &'static str = "count";
        const EVERY: Duration = Duration::from_secs(10);
        const FIRST: Duration = Duration::ZERO;
        const SHARED: bool = true;
        type Error = &'static str;

        async fn run(&self) -> Result<(), &'static str> {
            let runs = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            if runs.is_multiple_of(2) { Err("every second run fails") } else { Ok(()) }
        }
    }

    struct Lease(Arc<AtomicBool>);

    impl Leases for Lease {
        async fn take(&self, name: &'static str, duration: Duration) -> bool {
            assert_eq!((name, duration), ("count", Duration::from_secs(15)));
            self.0.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_is_repeated_counted_and_left_to_the_node_with_the_lease() {
        let (runs, held) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(true)));
        let tasks = Tasks::new();
        let mut runner = JobRunner::new(tasks.clone(), Lease(Arc::clone(&held)));
        runner.start(Count(Arc::clone(&runs)));
        tokio::time::sleep(Duration::from_secs(35)).await;
        let counts = |runner: &JobRunner<Lease>| {
            let (name, stats) = runner.stats().next().unwrap();
            let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
            (name, load(&stats.succeeded), load(&stats.failed), load(&stats.skipped))
        };
        assert_eq!(counts(&runner), ("count", 2, 2, 0));
        held.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(counts(&runner), ("count", 2, 2, 2));
        tasks.stop_services().await;
        held.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(runs.load(Ordering::Relaxed), 4, "it ended with the server");
    }
}
