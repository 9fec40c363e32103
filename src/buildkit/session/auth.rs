//! The session's `Auth` service: registry logins.
//!
//! Only plain credentials are answered. The three token calls say "unavailable", after which the
//! daemon asks for credentials and fetches the token itself.

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};

use crate::buildkit::session::content::SessionContent;
use crate::proto::filesync::auth_server::Auth;
use crate::proto::filesync::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse,
    GetTokenAuthorityRequest, GetTokenAuthorityResponse, VerifyTokenAuthorityRequest,
    VerifyTokenAuthorityResponse,
};

pub(super) struct AuthService(pub(super) Arc<SessionContent>);

#[async_trait]
impl Auth for AuthService {
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let host = request.into_inner().host;
        let login = self.0.credentials.credentials(&host).await;
        // An empty answer means anonymous; an error would fail the pull or push.
        Ok(Response::new(match login {
            Some(login) => CredentialsResponse {
                username: login.username,
                secret: login.secret.expose().to_owned(),
            },
            None => CredentialsResponse::default(),
        }))
    }

    async fn fetch_token(
        &self,
        _request: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(no_tokens())
    }

    async fn get_token_authority(
        &self,
        _request: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(no_tokens())
    }

    async fn verify_token_authority(
        &self,
        _request: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(no_tokens())
    }
}

fn no_tokens() -> Status {
    Status::unavailable("this client gives credentials, not tokens")
}
