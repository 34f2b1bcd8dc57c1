//! Puts listener and page together for the commands about the server.

use anteroom_api::{BoxFuture, HostHandle, Problem, ServerOp, Stop};
use anteroom_cli::{Listening, Ready, Serving};
use anteroom_http::{Listen, Server};
use anteroom_web::Options;

/// The page on a listener.
pub(crate) struct Page(pub(crate) Options);

impl Serving for Page {
    fn serve(
        &self,
        host: HostHandle,
        stop: Stop,
        ready: Ready,
    ) -> BoxFuture<'static, Result<(), Problem>> {
        let options = self.0.clone();
        Box::pin(async move {
            let settings = host.read().settings().await?;
            let bound = Server::bind(Listen::from_settings(&settings)?, host.clone()).await?;
            let url = format!("{}/", bound.url());
            let announce = ServerOp::Announce { url: url.clone() };
            host.submit(announce).await.map_err(|rejected| rejected.0)?;
            let fingerprint = bound.fingerprint().map(str::to_owned);
            ready(Listening { url, fingerprint });
            bound.serve(anteroom_web::routes(options), stop).await
        })
    }

    fn link(&self, host: HostHandle, url: String) -> BoxFuture<'static, Result<String, Problem>> {
        Box::pin(async move {
            let token = anteroom_http::invite(&host).await?;
            Ok(format!("{url}#launch={token}"))
        })
    }
}
