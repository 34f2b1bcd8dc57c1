//! The web frontend over real HTTP, in front of the real host: routes, event stream, files.

mod canvases;
mod chat;
mod conversations;
mod document;
mod doors;
mod files;
mod pages;
mod reads;
