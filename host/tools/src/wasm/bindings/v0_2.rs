//! The host's side of `anteroom:tool@0.2.0`, generated from `wit/`. The newest release: its words are those that
//! the rest of this crate speaks.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "anteroom:tool/toolset@0.2.0",
    imports: {
        // Quick and without waiting, so they stay on the guest's own stack.
        "anteroom:tool/log": trappable,
        "anteroom:tool/workspace": trappable,
        default: async | trappable,
    },
    exports: { default: async },
    with: {
        "anteroom:tool/process.child": crate::lend::process::Child,
    },
});
