//! Exchanging a person's token, RFC 8693.

use reqwest::Method;
use strongroom_types::body::{TokenAnswer, TokenRequest};

use crate::client::Client;
use crate::error::ClientError;
use crate::retry::Repeat;
use crate::transport::Call;

impl Client {
    /// Exchanges a person's JWT for a token that carries this client, the person and their claims.
    ///
    /// [`LockContext::identify`](crate::LockContext::identify) does this and keeps the token.
    ///
    /// # Errors
    /// The JWT is not accepted ([`ClientError::Token`]), or the server did not answer.
    pub async fn exchange_token(&self, jwt: &str) -> Result<TokenAnswer, ClientError> {
        let request = TokenRequest::of_jwt(jwt.to_owned());
        Call::new(Method::POST, "/v1/oauth/token")
            .repeat(Repeat::Harmless)
            .form(request)
            .answer(self)
            .await
    }
}
