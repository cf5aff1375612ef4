//! Jobs in a test: they run when the test says so.

use super::TestClient;
use fastkit::executor::{Past, Scheduler};

impl TestClient {
    /// The scheduler of the application, with all of its jobs. It is not started: in a client jobs do not
    /// run by themselves.
    pub fn scheduler(&self) -> &Scheduler {
        self.app().scheduler()
    }

    /// Runs a job once, now, with its arguments and the states of the application, and gives how that
    /// went. It is run as if it were no single job, paused or not.
    ///
    /// ```
    /// use fastflyer::{executor::Outcome, prelude::*, testing::TestClient};
    ///
    /// #[scheduled(cron = "0 8 * * mon-fri", id = "report")]
    /// async fn report(State(rows): State<Vec<u64>>) -> Result<String> {
    ///     Ok(format!("{} rows", rows.len()))
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let api = FlyerApi::new(Config::new()).state(vec![1u64, 2]).jobs(jobs![report]);
    /// let past = TestClient::new(api)?.run_job("report").await;
    /// assert_eq!((past.outcome, past.text.as_deref()), (Outcome::Succeeded, Some("2 rows")));
    /// # Ok::<(), fastflyer::StartError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Panics
    ///
    /// When there is no such job; the message names those that there are.
    pub async fn run_job(&self, id: &str) -> Past {
        let scheduler = self.scheduler();
        scheduler.trial(id).await.unwrap_or_else(|error| {
            let jobs = scheduler.jobs();
            let known: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
            panic!("{error}; the jobs are: {}", known.join(", "))
        })
    }
}
