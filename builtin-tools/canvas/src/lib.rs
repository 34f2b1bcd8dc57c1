//! anteroom-tool-canvas
