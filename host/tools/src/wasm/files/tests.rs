//! The file layer as a guest sees it, over a real folder with real links, pipes and swaps.

mod changes;
mod escapes;
mod fixture;
mod guest;
mod kept;
mod limits;
mod links;
mod reads;
mod secrets;
mod swaps;
mod undo;
