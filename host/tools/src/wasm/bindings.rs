//! The host's side of `anteroom:tool@0.1.0`, generated from `wit/`. One file per released version.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "toolset",
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
