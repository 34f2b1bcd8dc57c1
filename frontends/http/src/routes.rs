//! The builder: every route says who may ask, what it is, what it takes and what it answers.

use crate::access::{Access, Class};
use crate::answer::Described;
use crate::handler::{Boxed, Handler, Run};
use crate::input::{Description, Takes};
use crate::{About, guard, openapi};
use anteroom_api::{Problem, ProblemCode};
use axum::http::Method;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Routes on their way to a listener. The last word of a path may be `{*rest}`.
///
/// Without an access class there is no route:
/// ```compile_fail
/// # use anteroom_http::{About, Context, Empty, Failure, Routes};
/// let handler = |cx: Context| async move { Ok::<_, Failure>(Empty) };
/// Routes::new().get("/api/open", About::new("open", "Nobody said who may ask"), handler);
/// ```
pub struct Routes {
    generator: SchemaGenerator,
    routes: Vec<Route>,
}

pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) class: Class,
    pub(crate) about: About,
    pub(crate) takes: Takes,
    pub(crate) description: Arc<Description>,
    pub(crate) answers: Described,
    pub(crate) run: Box<dyn Run>,
}

/// One registered route, for tests and lists.
#[derive(Clone, Debug)]
pub struct RouteInfo {
    /// The operation's name.
    pub id: &'static str,
    /// The method.
    pub method: Method,
    /// The path with its parameters in braces.
    pub path: &'static str,
    /// Who may ask.
    pub class: Class,
    /// What it takes of the body.
    pub takes: Takes,
    /// The media type of a body it takes.
    pub accepts: Option<&'static str>,
    /// How many bytes a body may have.
    pub body_limit: usize,
    /// Whether the answer goes on until somebody leaves.
    pub is_stream: bool,
}

impl Route {
    pub(crate) fn limit(&self) -> usize {
        match (self.takes, self.about.body_limit) {
            (_, Some(limit)) => limit,
            (_, None) => guard::body::LIMIT,
        }
    }

    pub(crate) fn media(&self) -> Option<&'static str> {
        match self.takes {
            Takes::Nothing => None,
            Takes::Json => Some("application/json"),
            Takes::Bytes => Some(self.about.accepts.unwrap_or("application/octet-stream")),
        }
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! methods {
    ($($name:ident $method:ident $doc:literal),* $(,)?) => {$(
        #[doc = $doc]
        #[must_use]
        pub fn $name<Args: 'static, H: Handler<Args>>(
            self,
            access: impl Access,
            path: &'static str,
            about: About,
            handler: H,
        ) -> Self {
            self.add(Method::$method, (access.class(), path, about), handler)
        }
    )*};
}

impl Routes {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        Self {
            generator: settings.into_generator(),
            routes: Vec::new(),
        }
    }

    /// Something to be read. It changes nothing, and takes no body: one that does, does not compile.
    #[must_use]
    pub fn get<Args: 'static, H: Handler<Args>>(
        self,
        access: impl Access,
        path: &'static str,
        about: About,
        handler: H,
    ) -> Self {
        const {
            assert!(
                matches!(H::TAKES, Takes::Nothing),
                "what is read takes no body"
            );
        }
        self.add(Method::GET, (access.class(), path, about), handler)
    }

    methods! {
        post POST "Something to be done.",
        put PUT "Something to be put in a place.",
        patch PATCH "Something to be changed.",
        delete DELETE "Something to be taken away.",
    }

    fn add<Args: 'static, H: Handler<Args>>(
        mut self,
        method: Method,
        (class, path, about): (Class, &'static str, About),
        handler: H,
    ) -> Self {
        let (description, answers) = H::describe(&mut self.generator);
        self.routes.push(Route {
            method,
            path,
            class,
            about,
            takes: H::TAKES,
            description: Arc::new(description),
            answers,
            run: Box::new(Boxed::new(handler)),
        });
        self
    }

    /// What is registered, in order. The routes about sessions come with the listener: see [`Routes::whole`].
    #[must_use]
    pub fn list(&self) -> Vec<RouteInfo> {
        let info = |route: &Route| RouteInfo {
            id: route.about.id,
            method: route.method.clone(),
            path: route.path,
            class: route.class.clone(),
            takes: route.takes,
            accepts: route.media(),
            body_limit: route.limit(),
            is_stream: route.about.is_stream,
        };
        self.routes.iter().map(info).collect()
    }

    /// These routes and those about sessions, as a listener will serve them; for documents and tests.
    #[must_use]
    pub fn whole(self) -> Self {
        crate::session::routes::add(self, &Arc::default())
    }

    /// The OpenAPI 3.1 document of what is registered here. A listener's own document has the routes about sessions
    /// too: [`crate::Context::openapi`].
    #[must_use]
    pub fn openapi(&mut self) -> Value {
        openapi::document(&mut self.generator, &self.routes)
    }

    /// By path, ready to be served.
    ///
    /// # Errors
    /// A path, or an operation's name, that is there twice.
    pub(crate) fn take(self) -> Result<BTreeMap<&'static str, Vec<Route>>, Problem> {
        let mut ids = BTreeSet::new();
        let mut paths: BTreeMap<&'static str, Vec<Route>> = BTreeMap::new();
        for route in self.routes {
            let same = paths.entry(route.path).or_default();
            let is_there = same.iter().any(|other| other.method == route.method);
            if is_there || !ids.insert(route.about.id) {
                let twice = format!("the route `{} {}` is there twice", route.method, route.path);
                return Err(Problem::new(ProblemCode::Internal, twice)
                    .cause(format!("its name is `{}`", route.about.id)));
            }
            same.push(route);
        }
        Ok(paths)
    }
}
