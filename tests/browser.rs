//! The web page in a real browser: what a person sees, types and presses, under the policy it is served with.

mod driver;
