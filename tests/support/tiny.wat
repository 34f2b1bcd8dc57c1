;; The smallest toolset: one tool, `tiny`, that answers `tiny` to everything. Memory is written by hand, as the
;; canonical ABI of the contract in `wit/` wants it.
(module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 8192))

  ;; The manifest's texts.
  (data (i32.const 16) "tiny")
  (data (i32.const 32) "Answers.")
  (data (i32.const 48) "{\"type\":\"object\"}")

  ;; list<tool-manifest>: where, how many.
  (data (i32.const 1024) "\10\04\00\00" "\01\00\00\00")
  ;; tool-manifest: name, description, input schema, tier `read`, no capabilities, no timeout.
  (data (i32.const 1040)
    "\10\00\00\00" "\04\00\00\00"
    "\20\00\00\00" "\08\00\00\00"
    "\30\00\00\00" "\11\00\00\00"
    "\00\00\00\00"
    "\00\00\00\00" "\00\00\00\00"
    "\00\00\00\00" "\00\00\00\00")

  ;; result<output, tool-error>: ok, its content: where, how many.
  (data (i32.const 2048) "\00\00\00\00" "\10\08\00\00" "\01\00\00\00")
  ;; content: the case `text`, where, how long; the rest is room for the larger cases.
  (data (i32.const 2064)
    "\00\00\00\00" "\10\00\00\00" "\04\00\00\00"
    "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00")

  (func (export "cabi_realloc") (param $old i32) (param $held i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "anteroom:tool/tools@0.2.0#describe") (result i32)
    (i32.const 1024))

  (func (export "anteroom:tool/tools@0.2.0#call")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 2048)))
