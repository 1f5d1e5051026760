//! `/v1/jobs`.

use strongroom_types::JobId;
use strongroom_types::body::{JobCreate, JobInfo, JobKind, Page};

use super::PageQuery;
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// Sees and steers jobs; needs `admin:jobs`.
#[derive(Clone, Copy, Debug)]
pub struct Jobs<'a>(pub(crate) &'a Client);

impl Jobs<'_> {
    /// Lists jobs, newest first.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn list(&self, query: &PageQuery) -> Result<Page<JobInfo>, ClientError> {
        self.0.list("/v1/jobs", query).await
    }

    /// Begins a job by name.
    ///
    /// # Errors
    /// One about the same goes on, or the server refused or did not answer.
    pub async fn create(&self, kind: JobKind) -> Result<JobInfo, ClientError> {
        self.begin(&JobCreate::of(kind)).await
    }

    /// Begins a job that may be about one key context only.
    ///
    /// # Errors
    /// One about the same goes on, or the server refused or did not answer.
    pub async fn begin(&self, job: &JobCreate) -> Result<JobInfo, ClientError> {
        self.0.create("/v1/jobs", job).await
    }

    /// Describes a job and how far it is.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn describe(&self, id: JobId) -> Result<JobInfo, ClientError> {
        self.0.read(format!("/v1/jobs/{id}")).await
    }

    /// Ends a job before it is done. What it did stays done.
    ///
    /// # Errors
    /// It is over, or the server refused or did not answer.
    pub async fn cancel(&self, id: JobId) -> Result<JobInfo, ClientError> {
        let call = Call::post(format!("/v1/jobs/{id}/cancel"));
        call.answer(self.0).await
    }
}
