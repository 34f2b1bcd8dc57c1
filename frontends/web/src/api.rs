//! The routes under `/api`: three doors to the host, and reads under names of their own.

mod approvals;
mod bundles;
mod canvases;
mod chat;
mod conversations;
mod doors;
mod endpoints;
mod export;
mod filing;
mod items;
mod machine;
mod modules;
mod places;
mod programs;
mod safety;
mod servers;
mod settings;
mod skills;
mod start;
mod texts;
mod wishes;

use crate::Options;
use crate::preview::Tickets;
use anteroom_http::Routes;
use std::sync::Arc;

/// Adds all of them.
pub(crate) fn add(routes: Routes, options: &Arc<Options>, tickets: &Arc<Tickets>) -> Routes {
    let routes = start::add(routes, options);
    let routes = doors::add(routes, options);
    let routes = conversations::add(routes, options);
    let routes = items::add(routes);
    let routes = canvases::add(routes, tickets);
    let routes = texts::add(routes);
    let routes = export::add(routes);
    let routes = chat::add(routes, options);
    let routes = approvals::add(routes);
    let routes = filing::add(routes);
    let routes = safety::add(routes);
    let routes = modules::add(routes, options);
    let routes = bundles::add(routes, options);
    let routes = servers::add(routes, options);
    let routes = skills::add(routes, options);
    let routes = endpoints::add(routes);
    machine::add(routes, options)
}
