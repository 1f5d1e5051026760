//! Bodies that never are in memory as a whole.
//!
//! A task reads the request's body piece by piece, seals or opens it, and hands the output through
//! a channel of a few pieces to the answer's body: whoever reads slowly slows the reading. The
//! answer's header waits for the first output, so that what fails before it is an ordinary
//! problem document. A failure after it breaks the connection off: only [`Piece::End`] ends a body
//! well.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use http_body_util::BodyExt as _;
use strongroom_core::stream::{OpenStream, SealStream, StreamOpen, StreamSeal, prefix_len};
use strongroom_core::stream_rewrap::{MovedPrefix, PREFIX_BYTES_MAX};
use strongroom_core::{Answered, Ask, Denial, Invalid, Refused};
use strongroom_types::body::LogEntryId;
use strongroom_types::{KeyContext, Lock, Permission};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

use super::body::drain;
use super::caller::{ask, metadata};
use super::guard::Place;
use super::header::{ASSOCIATED_DATA, KEY_CONTEXT, LOCK, REPLACED_BYTES, bytes, json};
use super::problem::entry_header;
use super::{App, Problem};

/// Pieces between the task and the connection.
const PIECES: usize = 4;

/// What stands in the headers of a request for a stream.
struct Terms {
    key_context: KeyContext,
    lock: Lock,
    associated_data: Option<Vec<u8>>,
}

fn terms(ask: &mut Ask, parts: &Parts) -> Result<Terms, Invalid> {
    let headers = &parts.headers;
    ask.metadata = metadata(headers)?;
    Ok(Terms {
        key_context: json(headers, KEY_CONTEXT)?
            .ok_or(Invalid::Header("Strongroom-Key-Context"))?,
        lock: json(headers, LOCK)?.unwrap_or_default(),
        associated_data: bytes(headers, ASSOCIATED_DATA)?,
    })
}

/// A request to seal a stream.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) ask: Ask,
    pub(crate) seal: StreamSeal,
    source: Source,
}

/// A request to open a stream, read as far as its header.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) ask: Ask,
    pub(crate) open: StreamOpen,
    pub(crate) prefix: Bytes,
    source: Source,
}

/// A request to move a stream to the active key version, of whose body the header is read.
#[derive(Debug)]
pub(crate) struct Moving {
    pub(crate) ask: Ask,
    pub(crate) key_context: KeyContext,
    pub(crate) prefix: Bytes,
}

impl FromRequest<App> for Sealed {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut ask = ask(&parts);
        match terms(&mut ask, &parts) {
            Ok(terms) => Ok(Self {
                ask,
                seal: StreamSeal {
                    key_context: terms.key_context,
                    lock: terms.lock,
                    associated_data: terms.associated_data,
                },
                source: Source::new(&parts, body, app),
            }),
            Err(invalid) => Err(refuse(app, &ask, invalid.into(), body).await),
        }
    }
}

impl FromRequest<App> for Opened {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut ask = ask(&parts);
        let mut source = Source::new(&parts, body, app);
        match start_opening(&mut ask, &parts, &mut source, app).await {
            Ok((open, prefix)) => Ok(Self {
                ask,
                open,
                prefix,
                source,
            }),
            Err(denial) => {
                let behind = (Permission::Decrypt, denial);
                Err(refuse_behind(app, &ask, behind, source.body).await)
            }
        }
    }
}

impl FromRequest<App> for Moving {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut ask = ask(&parts);
        let mut source = Source::new(&parts, body, app);
        match start_moving(&mut ask, &parts, &mut source, app).await {
            Ok((key_context, prefix)) => Ok(Self {
                ask,
                key_context,
                prefix,
            }),
            Err(denial) => {
                let behind = (Permission::Rewrap, denial);
                Err(refuse_behind(app, &ask, behind, source.body).await)
            }
        }
    }
}

/// As [`refuse`]. What is wrong with a ciphertext is told to who has the permission to use it.
async fn refuse_behind(
    app: &App,
    ask: &Ask,
    (permission, denial): (Permission, Denial),
    body: Body,
) -> Problem {
    if !matches!(denial, Denial::Ciphertext(_)) {
        return refuse(app, ask, denial, body).await;
    }
    if app.room.knows(ask).await {
        drain(body).await;
    }
    let refused = Box::pin(app.room.reject_behind(ask, permission, denial)).await;
    Problem::new(refused, ask.origin.request_id)
}

/// Refuses what was read in part or not at all. The rest of what a known caller sends is read, so
/// that the answer arrives; nobody else keeps a place by sending.
async fn refuse(app: &App, ask: &Ask, denial: Denial, body: Body) -> Problem {
    if app.room.knows(ask).await {
        drain(body).await;
    }
    app.refuse(ask, denial).await
}

async fn start_opening(
    ask: &mut Ask,
    parts: &Parts,
    source: &mut Source,
    app: &App,
) -> Result<(StreamOpen, Bytes), Denial> {
    let terms = terms(ask, parts)?;
    if !terms.lock.is_empty() {
        return Err(Invalid::Header("Strongroom-Lock").into());
    }
    let prefix = source.prefix_of_known(ask, app).await?;
    let open = StreamOpen {
        key_context: terms.key_context,
        associated_data: terms.associated_data,
    };
    Ok((open, prefix))
}

async fn start_moving(
    ask: &mut Ask,
    parts: &Parts,
    source: &mut Source,
    app: &App,
) -> Result<(KeyContext, Bytes), Denial> {
    let terms = terms(ask, parts)?;
    if !terms.lock.is_empty() {
        return Err(Invalid::Header("Strongroom-Lock").into());
    }
    if terms.associated_data.is_some() {
        return Err(Invalid::Header("Strongroom-Associated-Data").into());
    }
    let prefix = source.prefix_of_known(ask, app).await?;
    let more = PREFIX_BYTES_MAX.saturating_sub(prefix.len());
    source
        .in_time(async |source| source.skip(more).await)
        .await?;
    Ok((terms.key_context, prefix))
}

/// The request's body.
#[derive(Debug)]
struct Source {
    body: Body,
    /// What was read and not yet used.
    ahead: Bytes,
    idle: Duration,
    place: Option<Place>,
}

impl Source {
    fn new(parts: &Parts, body: Body, app: &App) -> Self {
        Self {
            body,
            ahead: Bytes::new(),
            idle: app.limits.stream_idle_timeout,
            place: parts.extensions.get::<Place>().cloned(),
        }
    }

    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Denial> {
        if !self.ahead.is_empty() {
            return Ok(Some(core::mem::take(&mut self.ahead)));
        }
        loop {
            let frame = timeout(self.idle, self.body.frame()).await;
            let limit = "stream_idle_timeout";
            match frame.map_err(|_elapsed| Denial::RateLimited { limit })? {
                None => return Ok(None),
                Some(Err(_broken)) => return Err(Denial::Aborted),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Ok(Some(data)),
                    // Trailers say nothing here.
                    Ok(_) | Err(_) => {}
                },
            }
        }
    }

    /// Reads the header of a sealed stream in time, if the caller is known.
    async fn prefix_of_known(&mut self, ask: &Ask, app: &App) -> Result<Bytes, Denial> {
        // What this refuses is refused by its own name: refusing authenticates.
        if !app.room.knows(ask).await {
            return Err(Denial::Unauthenticated);
        }
        self.in_time(Self::take_prefix).await
    }

    /// One deadline for all that is read: whoever sends it byte by byte keeps a place meanwhile.
    async fn in_time<T>(
        &mut self,
        read: impl AsyncFnOnce(&mut Self) -> Result<T, Denial>,
    ) -> Result<T, Denial> {
        let limit = "stream_idle_timeout";
        timeout(self.idle, read(self))
            .await
            .map_err(|_elapsed| Denial::RateLimited { limit })?
    }

    /// Reads to the end, or `max` bytes further at least: a connection on which little is left
    /// unread can be used again, and its answer arrives.
    async fn skip(&mut self, max: usize) -> Result<(), Denial> {
        let mut read = 0;
        while read < max {
            match self.next().await? {
                Some(piece) => read += piece.len(),
                None => break,
            }
        }
        Ok(())
    }

    /// Reads the header of a sealed stream and leaves the rest.
    async fn take_prefix(&mut self) -> Result<Bytes, Denial> {
        let mut read = Vec::new();
        loop {
            if let Some(len) = prefix_len(&read)?.filter(|&len| len <= read.len()) {
                let mut prefix = Bytes::from(read);
                self.ahead = prefix.split_off(len);
                return Ok(prefix);
            }
            match self.next().await? {
                Some(piece) => read.extend_from_slice(&piece),
                None if read.is_empty() => return Err(Invalid::Empty.into()),
                None => return Err(Denial::Ciphertext(CUT)),
            }
        }
    }
}

/// A stream that ends within its header.
const CUT: strongroom_core::CiphertextFault = strongroom_core::CiphertextFault::Malformed;

/// What seals or opens.
trait Cipher: Send + 'static {
    fn prefix(&mut self) -> impl Future<Output = Bytes> + Send;
    fn push(&mut self, piece: &[u8]) -> impl Future<Output = Result<Bytes, Denial>> + Send;
    fn finish(self) -> impl Future<Output = Result<Bytes, Refused>> + Send;
    fn fail(self, denial: Denial) -> impl Future<Output = Refused> + Send;
}

impl Cipher for SealStream {
    async fn prefix(&mut self) -> Bytes {
        Self::prefix(self).await
    }

    async fn push(&mut self, piece: &[u8]) -> Result<Bytes, Denial> {
        Self::push(self, piece).await
    }

    async fn finish(self) -> Result<Bytes, Refused> {
        Self::finish(self).await
    }

    async fn fail(self, denial: Denial) -> Refused {
        self.abort().await;
        Refused::unlogged(denial)
    }
}

impl Cipher for OpenStream {
    /// A plaintext has nothing before it.
    async fn prefix(&mut self) -> Bytes {
        Bytes::new()
    }

    async fn push(&mut self, piece: &[u8]) -> Result<Bytes, Denial> {
        Self::push(self, piece)
    }

    async fn finish(self) -> Result<Bytes, Refused> {
        Self::finish(self).await
    }

    async fn fail(self, denial: Denial) -> Refused {
        Self::fail(self, denial).await
    }
}

/// What the task tells the connection.
#[derive(Debug)]
enum Piece {
    Output(Bytes),
    End,
    Broken(Problem),
}

impl Sealed {
    /// Answers with the sealed stream.
    pub(crate) async fn answer(
        self,
        result: Result<Answered<SealStream>, Refused>,
    ) -> Result<Response, Problem> {
        respond(&self.ask, self.source, result).await
    }
}

impl Opened {
    /// Answers with the opened stream.
    pub(crate) async fn answer(
        self,
        result: Result<Answered<OpenStream>, Refused>,
    ) -> Result<Response, Problem> {
        respond(&self.ask, self.source, result).await
    }
}

impl Moving {
    /// Answers with the new prefix, and says how many bytes of the stream it replaces.
    pub(crate) fn answer(
        &self,
        result: Result<Answered<MovedPrefix>, Refused>,
    ) -> Result<Response, Problem> {
        let request_id = self.ask.origin.request_id;
        let answered = result.map_err(|refused| Problem::new(refused, request_id))?;
        let MovedPrefix { prefix, replaces } = answered.value;
        let mut response = octets(Body::from(prefix), answered.entry);
        let replaces = HeaderValue::from(replaces);
        response.headers_mut().insert(REPLACED_BYTES, replaces);
        Ok(response)
    }
}

async fn respond<C: Cipher>(
    ask: &Ask,
    source: Source,
    result: Result<Answered<C>, Refused>,
) -> Result<Response, Problem> {
    let request_id = ask.origin.request_id;
    let answered = match result {
        Ok(answered) => answered,
        Err(refused) => {
            let unknown = matches!(
                refused.denial,
                Denial::Unauthenticated | Denial::CredentialRevoked | Denial::CredentialExpired
            );
            if !unknown {
                drain(source.body).await;
            }
            return Err(Problem::new(refused, request_id));
        }
    };
    let (sender, mut receiver) = channel(PIECES);
    let out = Out { sender, request_id };
    tokio::spawn(pump(answered.value, source, out));
    match receiver.recv().await {
        Some(Piece::Broken(problem)) => Err(problem),
        first => Ok(response(first, receiver, answered.entry)),
    }
}

/// Where the task's output goes.
struct Out {
    sender: Sender<Piece>,
    request_id: strongroom_types::RequestId,
}

impl Out {
    /// Waits for room; `None` once nobody reads any more, or nobody has for too long.
    async fn send(&self, piece: Piece, idle: Duration) -> Option<()> {
        timeout(idle, self.sender.send(piece)).await.ok()?.ok()
    }

    async fn end(&self, result: Result<Bytes, Refused>, idle: Duration) {
        match result {
            Ok(last) if last.is_empty() => {}
            Ok(last) => {
                if self.send(Piece::Output(last), idle).await.is_none() {
                    return;
                }
            }
            Err(refused) => return self.broken(refused, idle).await,
        }
        // A reader who left after the last byte has everything.
        self.send(Piece::End, idle).await.unwrap_or_default();
    }

    async fn broken(&self, refused: Refused, idle: Duration) {
        let problem = Problem::new(refused, self.request_id);
        self.send(Piece::Broken(problem), idle)
            .await
            .unwrap_or_default();
    }
}

/// Moves the body through the cipher until one of them ends. Keeps the request's place.
async fn pump<C: Cipher>(mut cipher: C, mut source: Source, out: Out) {
    let idle = source.idle;
    let mut output = cipher.prefix().await;
    loop {
        if !output.is_empty() && out.send(Piece::Output(output), idle).await.is_none() {
            // The entry of the outcome is all that is left to do.
            drop(cipher.fail(Denial::Aborted).await);
            break;
        }
        let sealed = match source.next().await {
            Ok(Some(piece)) => cipher.push(&piece).await,
            Ok(None) => {
                out.end(cipher.finish().await, idle).await;
                break;
            }
            Err(denial) => Err(denial),
        };
        output = match sealed {
            Ok(output) => output,
            Err(denial) => {
                out.broken(cipher.fail(denial).await, idle).await;
                drain(source.body).await;
                break;
            }
        };
    }
    drop(source.place);
}

fn response(first: Option<Piece>, rest: Receiver<Piece>, entry: Option<LogEntryId>) -> Response {
    let pieces = unfold((first, rest, true), async |(first, mut rest, open)| {
        if !open {
            return None;
        }
        let piece = match first {
            Some(piece) => Some(piece),
            None => rest.recv().await,
        };
        match piece {
            Some(Piece::Output(output)) => Some((Ok(output), (None, rest, true))),
            Some(Piece::End) => None,
            // A task that ended without a word broke off too.
            Some(Piece::Broken(_)) | None => Some((Err(broken_off()), (None, rest, false))),
        }
    });
    octets(Body::from_stream(pieces), entry)
}

fn octets(body: Body, entry: Option<LogEntryId>) -> Response {
    let kind = HeaderValue::from_static("application/octet-stream");
    let mut response = ([(header::CONTENT_TYPE, kind)], body).into_response();
    response.headers_mut().extend(entry.and_then(entry_header));
    response
}

/// Makes the connection end without the final chunk.
fn broken_off() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionAborted)
}
