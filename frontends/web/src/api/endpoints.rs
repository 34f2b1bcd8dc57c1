//! Settings, and the model endpoints they can name.

use anteroom_api::{EndpointReport, EndpointSpec, FoundEndpoint, Problem, SettingsReport};
use anteroom_http::{About, Context, Json, Routes, Session};
use serde_json::Value;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get(
            Session,
            "/api/config",
            About::new(
                "config",
                "All settings with their origins; secrets are masked",
            ),
            config,
        )
        .get(
            Session,
            "/api/config/schema",
            About::new("configSchema", "JSON Schema of the config file"),
            schema,
        )
        .get(
            Session,
            "/api/models",
            About::new("models", "Models that the configured endpoint lists").costly(),
            models,
        )
        .get(
            Session,
            "/api/endpoints",
            About::new(
                "endpoints",
                "Model servers on the usual ports of this machine",
            )
            .costly(),
            endpoints,
        )
        .post(
            Session,
            "/api/endpoints/test",
            About::new(
                "testEndpoint",
                "Try an endpoint step by step; null for the configured one",
            )
            .costly(),
            test,
        )
}

async fn config(context: Context) -> Result<SettingsReport, Problem> {
    context.host.read().settings().await
}

async fn schema(context: Context) -> Result<Value, Problem> {
    context.host.read().config_schema().await
}

async fn models(context: Context) -> Result<Vec<String>, Problem> {
    context.host.read().models().await
}

async fn endpoints(context: Context) -> Result<Vec<FoundEndpoint>, Problem> {
    context.host.read().local_endpoints().await
}

async fn test(
    context: Context,
    Json(endpoint): Json<Option<EndpointSpec>>,
) -> Result<EndpointReport, Problem> {
    context.host.read().test_endpoint(endpoint).await
}
