//! Exchanging a user's token for one of ours (RFC 8693), and what the edge refuses.

use strongroom_types::body::{TokenAnswer, TokenRequest};
use strongroom_types::{Operation, Permission};

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::{Account, Asked, Permit, Planned, Released, Stopped, Use};
use crate::identity::{Exchanged, Identity};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Exchanges a user's JWT, for a client that authenticates with its API key, for a token that
    /// carries client, identity and all lockable claims. It lives at most 15 minutes, never longer
    /// than the user's token, and ends with the API key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the client is known.
    pub async fn token_exchange(
        &self,
        ask: &Ask,
        request: TokenRequest,
    ) -> Result<Answered<TokenAnswer>, Refused> {
        self.enter(ask, &Exchange(request)).await
    }

    /// Refuses what the edge could not make a request of. A known caller's refusal is an entry.
    pub async fn reject(&self, ask: &Ask, denial: Denial) -> Refused {
        self.reject_as(ask, Operation::Request, denial).await
    }

    /// As [`Strongroom::reject`], of what takes a permission: who lacks it learns that and nothing else.
    pub async fn reject_behind(
        &self,
        ask: &Ask,
        permission: Permission,
        denial: Denial,
    ) -> Refused {
        match self.authenticate(ask).await {
            Ok(caller) => {
                let denial = caller.require(permission).err().unwrap_or(denial);
                self.deny(&caller, ask, Operation::Request, Asked::default(), denial)
                    .await
            }
            Err(refused) => refused,
        }
    }

    pub(crate) async fn reject_as(
        &self,
        ask: &Ask,
        operation: Operation,
        denial: Denial,
    ) -> Refused {
        match self.authenticate(ask).await {
            Ok(caller) => {
                self.deny(&caller, ask, operation, Asked::default(), denial)
                    .await
            }
            Err(refused) => refused,
        }
    }
}

struct Exchange(TokenRequest);

impl Exchange {
    /// Whether it asks for what there is. An empty parameter is none (RFC 6749, section 3.2); `ours` is who
    /// our tokens are for.
    fn check(&self, ours: &str) -> Result<(), Denial> {
        let request = &self.0;
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let elsewhere = |text: &Option<String>| given(text) && text.as_deref() != Some(ours);
        let subject_types = [
            TokenRequest::JWT,
            TokenRequest::ID_TOKEN,
            TokenRequest::ACCESS_TOKEN,
        ];
        let requested = request.requested_token_type.as_deref();
        let requested = requested.filter(|requested| !requested.is_empty());
        if request.grant_type != TokenRequest::GRANT_TYPE {
            return Err(Invalid::GrantType.into());
        }
        if request.subject_token.is_empty() {
            return Err(Invalid::Field("subject_token".into()).into());
        }
        if !subject_types.contains(&request.subject_token_type.as_str()) {
            return Err(Invalid::Field("subject_token_type".into()).into());
        }
        if requested.is_some_and(|requested| requested != TokenRequest::ACCESS_TOKEN) {
            return Err(Invalid::Field("requested_token_type".into()).into());
        }
        if given(&request.actor_token) || given(&request.actor_token_type) {
            return Err(Invalid::Field("actor_token".into()).into());
        }
        if elsewhere(&request.audience) || elsewhere(&request.resource) {
            return Err(Invalid::Target.into());
        }
        if given(&request.scope) {
            return Err(Invalid::Scope.into());
        }
        Ok(())
    }
}

impl Use for Exchange {
    const OPERATION: Operation = Operation::TokenExchange;
    const PERMISSION: Option<Permission> = None;
    type Work = TokenAnswer;
    type Answer = TokenAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<TokenAnswer>, Stopped> {
        self.check(&room.settings.token_issuer)?;
        if caller.identity.is_some() {
            return Err(Denial::Invalid(Invalid::Header("Authorization")).into());
        }
        let api_key = caller.api_key.ok_or(Denial::Unauthenticated)?;
        let identity = room.verify_identity(caller, &self.0.subject_token).await?;
        let now = room.time.now();
        let exchanged = Exchanged::new(
            caller.state.id,
            caller.client.id,
            api_key,
            Identity::clone(&identity),
            now,
        )?;
        let expires = exchanged.identity.expires;
        let answer = TokenAnswer {
            access_token: room.deployment.tokens.issue(
                &room.settings.token_issuer,
                &exchanged,
                now,
            )?,
            issued_token_type: TokenRequest::ACCESS_TOKEN.to_owned(),
            token_type: "Bearer".to_owned(),
            expires_in: u64::try_from(expires.saturating_sub(now) / 1_000_000).unwrap_or(0),
        };
        let account = Account {
            identity: Some(identity),
            ..Account::of_one()
        };
        let account = account.fact("expires", &crate::time::format_time(expires));
        Ok(Planned {
            work: answer,
            account,
        })
    }

    fn release(
        &self,
        _room: &Strongroom,
        answer: TokenAnswer,
        _permit: Permit,
    ) -> Released<TokenAnswer> {
        Released::of(Ok(answer))
    }
}
