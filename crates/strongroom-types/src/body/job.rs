//! `/v1/jobs`.

use serde::{Deserialize, Serialize};

use crate::coded::coded_enum;
use crate::{ContextId, CustomerKeyId, JobId, PolicyId, Reason};

coded_enum! {
    /// What a job does.
    JobKind: u8 {
        /// Moves the keys of key contexts under the key that their policies want.
        Rewrap = 1, "rewrap";
        /// Destroys a key context when its time of waiting is over.
        DestroyContext = 2, "destroy-context";
        /// Moves the keys of key contexts under a new version of the workspace's root.
        RotateRoot = 3, "rotate-root";
        /// Moves the seeds of all workspaces, and of the deployment itself, from the former root of
        /// the deployment to the present one. In the system workspace only.
        MoveRoot = 4, "move-root";
    }
}

coded_enum! {
    /// Why a job was begun.
    JobCause: u8 {
        /// A customer's key was attached.
        Attach = 1, "attach";
        /// A customer's key was put in the place of another.
        Replace = 2, "replace";
        /// A customer's key was detached.
        Detach = 3, "detach";
        /// Somebody asked for it.
        Asked = 4, "asked";
    }
}

coded_enum! {
    /// The state of a job.
    JobState: u8 {
        /// It goes on.
        Running = 1, "running";
        /// Its time has not come, or something is in its way; it goes on by itself.
        Waiting = 2, "waiting";
        /// All is done.
        Done = 3, "done";
        /// Somebody ended it. What was done stays done.
        Cancelled = 4, "cancelled";
    }
}

/// `POST /v1/jobs`: begins a job, for example again after one was cancelled. Not `destroy-context`: a
/// destruction begins at its key context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobCreate {
    /// What to do.
    pub kind: JobKind,
    /// Only this key context, for `rewrap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextId>,
}

impl JobCreate {
    /// A job about all that its kind is about.
    #[must_use]
    pub const fn of(kind: JobKind) -> Self {
        Self {
            kind,
            context: None,
        }
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobInfo {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// Why it was begun.
    pub cause: JobCause,
    /// Its state.
    pub state: JobState,
    /// How many key contexts there are to look at, or workspaces to move to another root; 1 to
    /// destroy.
    pub total: u64,
    /// How many of them are as they should be, or were passed over because they could not be moved.
    pub done: u64,
    /// How many were moved, over all rounds.
    pub moved: u64,
    /// How many could not be moved in this round.
    pub failed: u64,
    /// How many stored values were moved to the new versions of their keys.
    pub stored: u64,
    /// How many stored values of what it is about are still under older versions, counted in the
    /// database in its last round: 0 is the proof that those are not needed any more. Others are under
    /// suspended key contexts, or do not open. Of `move-root`, the workspaces that still need the
    /// former root.
    pub remaining: u64,
    /// The policy whose key changed, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyId>,
    /// The customer's key that is attached, put in the place of another, or detached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_key: Option<CustomerKeyId>,
    /// The key context that it destroys, or that alone it moves; not shown to who may not use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextId>,
    /// What is in its way, or was last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When it was begun.
    pub created: String,
    /// When it last advanced.
    pub updated: String,
    /// When it tries again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
}
