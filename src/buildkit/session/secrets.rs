//! The session's `Secrets` service.

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};

use crate::buildkit::session::content::SessionContent;
use crate::proto::secrets::secrets_server::Secrets;
use crate::proto::secrets::{GetSecretRequest, GetSecretResponse};

pub(super) struct SecretsService(pub(super) Arc<SessionContent>);

#[async_trait]
impl Secrets for SecretsService {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        match self.0.secrets.get(&id) {
            Some(value) => Ok(Response::new(GetSecretResponse {
                data: value.expose(),
            })),
            // Not found is what lets an optional secret be left out.
            None => Err(Status::not_found(format!("secret {id} is not given"))),
        }
    }
}
