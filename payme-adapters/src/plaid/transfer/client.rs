//! HTTP to Plaid: one request, one answer, or why there is none.
//!
//! In: a path and a body. Out: a [`Response`], or an [`HttpError`] that says whether the request
//! can have arrived. It never tries again and prints nothing of what it sends. Money is sent over
//! TLS only; plain HTTP is for a server on the same machine.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::{Http, HttpError, Response};
use crate::vault::Secret;

/// The version of the API that is spoken.
const VERSION: &str = "2020-09-14";

/// An answer of more bytes is not read: 500 events come to less than a tenth of it.
const BODY_BYTES_MAX: usize = 8 << 20;

/// An unused connection is kept for so long.
const IDLE: Duration = Duration::from_secs(30);

/// Why there is no client. Carries nothing of the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The address is not one of Plaid's form.
    #[error("not the address of a server: write https://host without a path")]
    Origin,
    /// Secrets would be sent without TLS.
    #[error("plain http is for this machine only: write https://")]
    NotEncrypted,
    /// The client id or the secret holds characters that a header cannot.
    #[error("the client id or the secret is not printable ASCII")]
    Credentials,
    /// The machine trusts nobody.
    #[error("no certificate of an authority was found on this machine")]
    NoRoots,
}

impl ClientError {
    /// The stable code of this error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Origin => "invalid_origin",
            Self::NotEncrypted => "not_encrypted",
            Self::Credentials => "invalid_credentials",
            Self::NoRoots => "no_roots",
        }
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Plaid's id of the client.
    pub client_id: Secret,
    /// Its secret.
    pub secret: Secret,
}

type Body = Full<Bytes>;

enum Connection {
    Tls(Client<HttpsConnector<HttpConnector>, Body>),
    Plain(Client<HttpConnector, Body>),
}

/// A client of Plaid's API.
pub struct HttpClient {
    connection: Connection,
    origin: String,
    client_id: HeaderValue,
    secret: HeaderValue,
    timeout: Duration,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl HttpClient {
    /// A client of a server such as `https://production.plaid.com`. It waits so long for an
    /// answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(
        origin: &str,
        credentials: &Credentials,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        let (origin, is_plain) = checked(origin)?;
        let header = |secret: &Secret| {
            let mut value = HeaderValue::from_str(secret.reveal()).ok()?;
            value.set_sensitive(true);
            Some(value)
        };
        let client_id = header(&credentials.client_id).ok_or(ClientError::Credentials)?;
        let secret = header(&credentials.secret).ok_or(ClientError::Credentials)?;
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(timeout / 2));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new());
        let connection = if is_plain {
            Connection::Plain(builder.build(connector))
        } else {
            let tls = HttpsConnectorBuilder::new().with_native_roots();
            let tls = tls.map_err(|_| ClientError::NoRoots)?;
            let tls = tls.https_only().enable_http1().wrap_connector(connector);
            Connection::Tls(builder.build(tls))
        };
        Ok(Self { connection, origin, client_id, secret, timeout })
    }

    fn request(&self, path: &str, body: Vec<u8>) -> Option<Request<Body>> {
        Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", self.origin))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(HeaderName::from_static("plaid-version"), HeaderValue::from_static(VERSION))
            .header(HeaderName::from_static("plaid-client-id"), self.client_id.clone())
            .header(HeaderName::from_static("plaid-secret"), self.secret.clone())
            .body(Full::new(Bytes::from(body)))
            .ok()
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Response, HttpError> {
        let sent = match &self.connection {
            Connection::Tls(client) => client.request(request).await,
            Connection::Plain(client) => client.request(request).await,
        };
        // Only an error that came before there was a connection says that nothing was sent.
        let answer = sent.map_err(|error| match error.is_connect() {
            true => HttpError::NotSent,
            false => HttpError::MayHaveArrived,
        })?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|_| HttpError::MayHaveArrived)?.to_bytes().to_vec();
        Ok(Response { status, body })
    }
}

#[async_trait]
impl Http for HttpClient {
    async fn post(&self, path: &str, body: Vec<u8>) -> Result<Response, HttpError> {
        let request = self.request(path, body).ok_or(HttpError::NotSent)?;
        let answer = tokio::time::timeout(self.timeout, self.exchange(request)).await;
        answer.unwrap_or(Err(HttpError::MayHaveArrived))
    }
}

/// The scheme and the host, and whether it is plain HTTP.
fn checked(origin: &str) -> Result<(String, bool), ClientError> {
    let uri: Uri = origin.parse().map_err(|_| ClientError::Origin)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(ClientError::Origin);
    };
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@')
    {
        return Err(ClientError::Origin);
    }
    let is_plain = match (scheme, authority.host()) {
        ("https", _) => false,
        ("http", "127.0.0.1" | "[::1]" | "localhost") => true,
        ("http", _) => return Err(ClientError::NotEncrypted),
        _ => return Err(ClientError::Origin),
    };
    Ok((format!("{scheme}://{authority}"), is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_tls_or_stay_on_the_machine() {
        let table = [
            ("https://production.plaid.com", Ok(("https://production.plaid.com", false))),
            ("https://sandbox.plaid.com/", Ok(("https://sandbox.plaid.com", false))),
            ("http://127.0.0.1:8080", Ok(("http://127.0.0.1:8080", true))),
            ("http://localhost:1", Ok(("http://localhost:1", true))),
            ("http://production.plaid.com", Err(ClientError::NotEncrypted)),
            ("http://127.0.0.1.example.com", Err(ClientError::NotEncrypted)),
            ("https://host/path", Err(ClientError::Origin)),
            ("https://host?query", Err(ClientError::Origin)),
            ("https://user@host", Err(ClientError::Origin)),
            ("ftp://host", Err(ClientError::Origin)),
            ("production.plaid.com", Err(ClientError::Origin)),
            ("", Err(ClientError::Origin)),
        ];
        for (origin, wanted) in table {
            let wanted = wanted.map(|(text, is_plain)| (text.to_owned(), is_plain));
            assert_eq!(checked(origin), wanted, "{origin}");
        }
    }

    #[tokio::test]
    async fn credentials_and_bodies_are_not_printed() {
        let [client_id, secret] = ["client-1", "hidden-2"].map(|text| Secret::new(text.to_owned()));
        let credentials = Credentials { client_id, secret };
        let bad = Credentials { secret: Secret::new("a\nb".to_owned()), ..credentials.clone() };
        let new = |credentials| {
            HttpClient::new("http://127.0.0.1:1", credentials, Duration::from_secs(1))
        };
        assert_eq!(new(&bad).err(), Some(ClientError::Credentials));
        let client = new(&credentials).unwrap();
        let request = client.request("/transfer/get", b"access-3".to_vec()).unwrap();
        let body = b"access-3".to_vec();
        let told = format!("{credentials:?} {client:?} {:?}", Response { status: 200, body });
        let told = format!("{told} {:?}", request.headers());
        for hidden in ["client-1", "hidden-2", "access-3"] {
            assert!(!told.contains(hidden), "{told}");
        }
    }
}
