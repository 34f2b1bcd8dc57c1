//! Functions as handlers: a context, up to three inputs, and a future of an answer.

use crate::answer::{Answer, Described};
use crate::input::{Arrived, Description, Input, Takes};
use crate::{Context, Failure};
use anteroom_api::BoxFuture;
use axum::response::Response;
use schemars::SchemaGenerator;
use std::future::Future;

/// A function that a route can run. `Args` are its inputs.
pub trait Handler<Args>: Send + Sync + 'static {
    /// What it needs of the body.
    const TAKES: Takes;
    /// What it takes and what it answers.
    fn describe(generator: &mut SchemaGenerator) -> (Description, Described);
    /// Runs it.
    fn call(&self, context: Context, request: Arrived) -> BoxFuture<'_, Result<Response, Failure>>;
}

/// A handler whose inputs are forgotten.
pub(crate) trait Run: Send + Sync {
    fn run(&self, context: Context, request: Arrived) -> BoxFuture<'_, Result<Response, Failure>>;
}

pub(crate) struct Boxed<H, Args>(H, std::marker::PhantomData<fn(Args)>);

impl<H: Handler<Args>, Args: 'static> Boxed<H, Args> {
    pub(crate) fn new(handler: H) -> Self {
        Self(handler, std::marker::PhantomData)
    }
}

impl<H: Handler<Args>, Args: 'static> Run for Boxed<H, Args> {
    fn run(&self, context: Context, request: Arrived) -> BoxFuture<'_, Result<Response, Failure>> {
        self.0.call(context, request)
    }
}

macro_rules! handlers {
    ($([$($input:ident $value:ident),*]),+ $(,)?) => {$(
        impl<F, Fut, A, E, $($input),*> Handler<($($input,)*)> for F
        where
            F: Fn(Context, $($input),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<A, E>> + Send + 'static,
            A: Answer,
            E: Into<Failure>,
            $($input: Input,)*
        {
            const TAKES: Takes = one_body(&[$($input::TAKES),*]);

            fn describe(generator: &mut SchemaGenerator) -> (Description, Described) {
                let mut into = Description::default();
                let describe: &[fn(&mut Description, &mut SchemaGenerator)] = &[$($input::describe),*];
                describe.iter().for_each(|describe| describe(&mut into, generator));
                (into, A::describe(generator))
            }

            fn call(&self, context: Context, request: Arrived) -> BoxFuture<'_, Result<Response, Failure>> {
                Box::pin(async move {
                    let mut request = request;
                    let _request = &mut request;
                    $(let $value = $input::take(_request).await?;)*
                    self(context, $($value),*).await.map_err(Into::into)?.into_response()
                })
            }
        }
    )+};
}

handlers!([], [I i], [I i, J j], [I i, J j, K k]);

/// What of the body is taken; a handler that takes it twice does not compile.
const fn one_body(all: &[Takes]) -> Takes {
    let mut found = Takes::Nothing;
    let mut index = 0;
    while index < all.len() {
        if !matches!(all[index], Takes::Nothing) {
            assert!(
                matches!(found, Takes::Nothing),
                "a body can be taken only once"
            );
            found = all[index];
        }
        index += 1;
    }
    found
}
