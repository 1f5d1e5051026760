//! The thing that a path names.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use strongroom_core::{Denial, Thing};
use strongroom_log::Tile;
use strongroom_types::{
    ClientId, ContextId, CustomerKeyId, InvitationId, IssuerId, JobId, KeyId, KeyVersion, KeysetId,
    LeaseId, ObjectId, PolicyId, StoreName, WebhookId, WorkspaceId,
};

use super::caller::ask;
use super::{App, Problem};

/// What can stand in a path. A text that is no id names nothing, so that it is not found.
pub(crate) trait FromPath: Sized {
    fn from_path(segments: &[&str]) -> Result<Self, Thing>;
}

/// The thing that a path names.
#[derive(Debug)]
pub(crate) struct Target<T>(pub(crate) T);

impl<T: FromPath + Send> FromRequestParts<App> for Target<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let found = match &params {
            Ok(params) => {
                let segments: Vec<&str> = params.iter().map(|(_, value)| value).collect();
                T::from_path(&segments)
            }
            Err(_not_text) => Err(Thing::Route),
        };
        match found {
            Ok(target) => Ok(Self(target)),
            Err(thing) => Err(app.refuse(&ask(parts), Denial::NotFound(thing)).await),
        }
    }
}

macro_rules! named_by_id {
    ($($id:ty => $thing:ident;)+) => {
        $(
            impl FromPath for $id {
                fn from_path(segments: &[&str]) -> Result<Self, Thing> {
                    parse(segments.first(), Thing::$thing)
                }
            }
        )+
    };
}

named_by_id! {
    WorkspaceId => Workspace;
    ClientId => Client;
    IssuerId => Issuer;
    ContextId => Context;
    PolicyId => Policy;
    CustomerKeyId => CustomerKey;
    JobId => Job;
    LeaseId => Lease;
    InvitationId => Invitation;
    ObjectId => Object;
    WebhookId => Webhook;
    StoreName => Store;
    u64 => Entry;
    KeysetId => Keyset;
}

impl FromPath for (ClientId, KeyId) {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let client = parse(segments.first(), Thing::Client)?;
        Ok((client, parse(segments.get(1), Thing::ApiKey)?))
    }
}

impl FromPath for (ContextId, KeyVersion) {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let context = parse(segments.first(), Thing::Context)?;
        Ok((
            context,
            KeyVersion(parse(segments.get(1), Thing::KeyVersion)?),
        ))
    }
}

impl FromPath for (ObjectId, u64) {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let object = parse(segments.first(), Thing::Object)?;
        Ok((object, parse(segments.get(1), Thing::ObjectVersion)?))
    }
}

impl FromPath for (StoreName, StoreName) {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let store = parse(segments.first(), Thing::Store)?;
        Ok((store, parse(segments.get(1), Thing::Slot)?))
    }
}

impl FromPath for (KeysetId, ClientId) {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let keyset = parse(segments.first(), Thing::Keyset)?;
        Ok((keyset, parse(segments.get(1), Thing::Client)?))
    }
}

/// A tile by its path below `tile/`, C2SP tlog-tiles.
#[derive(Debug)]
pub(crate) struct TileTarget(pub(crate) Tile);

impl FromPath for TileTarget {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let path = segments.first().ok_or(Thing::Tile)?;
        format!("tile/{path}")
            .parse()
            .map(Self)
            .map_err(|_error| Thing::Tile)
    }
}

fn parse<T: core::str::FromStr>(segment: Option<&&str>, thing: Thing) -> Result<T, Thing> {
    segment.and_then(|text| text.parse().ok()).ok_or(thing)
}

#[cfg(test)]
mod tests {
    use strongroom_log::TileKind;

    use super::*;

    #[test]
    fn ids_of_other_things_name_nothing() {
        let client = ClientId::from_bytes([7; 16]).to_string();
        assert!(ClientId::from_path(&[&client]).is_ok());
        assert_eq!(WorkspaceId::from_path(&[&client]), Err(Thing::Workspace));
        assert_eq!(ClientId::from_path(&[]), Err(Thing::Client));
    }

    #[test]
    fn tiles_have_the_paths_of_tlog_tiles() {
        let tile = |path: &str| TileTarget::from_path(&[path]).map(|target| target.0);
        let full = tile("0/x001/234").unwrap();
        assert_eq!((full.kind(), full.index()), (TileKind::Hashes(0), 1234));
        let partial = tile("entries/000.p/7").unwrap();
        assert_eq!((partial.kind(), partial.width()), (TileKind::Entries, 7));
        for wrong in ["", "0/1", "0/000.p/256", "x/000", "0/000/"] {
            assert_eq!(tile(wrong), Err(Thing::Tile), "{wrong}");
        }
    }
}
