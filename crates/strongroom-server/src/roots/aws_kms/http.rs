//! The SDK's connections and time, through Strongroom's own client and clock: one TLS stack, one
//! rule about addresses.

use core::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_kms::config::http::{HttpRequest, HttpResponse};
use aws_sdk_kms::config::{HttpClient, RuntimeComponents};
use aws_sdk_kms::error::ConnectorError;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::DispatchFailure;
use aws_smithy_runtime_api::http::StatusCode;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use reqwest::Method;
use strongroom_core::ports::{Clock, Outage};
use zeroize::Zeroizing;

use super::super::remote::Fault;
use super::super::rest::{Answer, Request, Rest};

/// A request that cannot be made, or that was not answered.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum HttpFault {
    #[error("request is malformed or to an address that is not acceptable")]
    Request,
    #[error("no usable answer")]
    Answer(Fault),
}

/// What went wrong below the SDK; `None` where the SDK gave up before it asked.
pub(super) fn fault(failure: &DispatchFailure) -> Option<Fault> {
    // Deep down, where it was asking for the machine's credentials.
    let mut source = failure.as_connector_error()?.source();
    while let Some(error) = source {
        match error.downcast_ref() {
            Some(HttpFault::Request) => return None,
            Some(HttpFault::Answer(fault)) => return Some(*fault),
            None => source = error.source(),
        }
    }
    None
}

/// [`Rest`] as the SDK wants it.
#[derive(Clone, Debug)]
pub(super) struct RestClient(SharedHttpConnector);

impl RestClient {
    pub(super) fn new(rest: &Rest) -> Self {
        Self(SharedHttpConnector::new(Connector(rest.clone())))
    }
}

impl HttpClient for RestClient {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.clone()
    }
}

#[derive(Clone, Debug)]
struct Connector(Rest);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let rest = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = to_rest(&rest, &request)
                .ok_or_else(|| ConnectorError::user(HttpFault::Request.into()))?;
            let answer = rest.send(request).await.map_err(connector_error)?;
            from_rest(answer).ok_or_else(|| connector_error(Outage::Fault.into()))
        })
    }
}

fn to_rest(rest: &Rest, request: &HttpRequest) -> Option<Request> {
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers() {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(name != "content-type");
        headers.append(HeaderName::try_from(name).ok()?, value);
    }
    let body = request.body().bytes()?.to_vec();
    Some(Request {
        method: Method::try_from(request.method()).ok()?,
        url: rest.acceptable(request.uri())?,
        headers,
        body: Bytes::from_owner(Zeroizing::new(body)),
    })
}

fn from_rest(answer: Answer) -> Option<HttpResponse> {
    let Answer {
        status,
        headers,
        body,
    } = answer;
    let mut response = HttpResponse::new(
        StatusCode::try_from(status).ok()?,
        Bytes::from_owner(body).into(),
    );
    for (name, value) in &headers {
        let value = value.to_str().ok()?.to_owned();
        response
            .headers_mut()
            .append(name.as_str().to_owned(), value);
    }
    Some(response)
}

fn connector_error(fault: Fault) -> ConnectorError {
    let source = HttpFault::Answer(fault).into();
    match fault {
        Fault::Outage(Outage::Timeout) => ConnectorError::timeout(source),
        _ => ConnectorError::io(source),
    }
}

/// The clock port as the SDK wants it.
#[derive(Clone, Debug)]
pub(super) struct PortTime(pub(super) Arc<dyn Clock>);

impl TimeSource for PortTime {
    fn now(&self) -> SystemTime {
        let since_epoch = u64::try_from(self.0.read().wall).unwrap_or_default();
        UNIX_EPOCH + Duration::from_micros(since_epoch)
    }
}
