/**
 * The types of the API: what ops, signals, questions and answers look like.
 *
 * Written from the JSON Schemas of `/api/openapi.json` and `/api/schema/events`; edited by nobody.
 * `UPDATE_TYPES=1 cargo test -p anteroom-web types` writes it anew.
 */

/** An answer. */
export type Answer =
  /** One or more of the options, or a free text. */
  | {
    answer: 'given';
    /** The chosen options or the text. */
    values: string[];
  }
  /**
   * A form, filled in: a value by the name of each field that has one. The host checks them against the form,
   * and rejects the answer if they do not fit.
   */
  | {
    answer: 'filled';
    /** Texts, numbers, switches, or the chosen values. */
    fields: Record<string, unknown>;
  }
  /** The person does not want to answer. */
  | {
    answer: 'declined';
  }
  /** Nobody answered in time, or nobody was there to ask. */
  | {
    answer: 'not_answered';
  };

/** One open question of the gate, complete enough to be decided by. */
export type Approval = {
  /** Its id. */
  id: ApprovalId;
  /** The turn that waits, in the conversation whose topic this travels on. */
  turn: TurnId;
  /** The call that wants to act; in a child agent's own conversation if `agent` is set. */
  item: ItemId;
  /** The name of the child agent that asks, if it is not the conversation's own. */
  agent?: string | null;
  /** The tool. */
  tool: string;
  /** What it wants to do. */
  effect: EffectView;
  /** How risky that is. */
  tier: Tier;
  /** Why it is asked, in plain words; never empty for a destructive effect. */
  reasons: string[];
  /** What may be answered besides a denial, narrowest first. */
  scopes: ScopeOffer[];
  /** SHA-256 of the effect exactly as shown, hexadecimal; an answer holds for nothing else. */
  digest: string;
  /** When it was asked. */
  requested_at: UnixMillis;
  /** When silence becomes "not answered". */
  expires_at: UnixMillis;
};

/** An answer. */
export type ApprovalAnswer = {
  /** Whether it may be done; not, if nothing is said. */
  approved?: boolean;
  /** How long a yes holds. */
  scope?: Scope;
  /** The approval's digest as it was shown: the answer holds for nothing else. */
  digest: string;
  /** What the model is told of a no. */
  reason?: string | null;
};

/** The answer as it was taken. */
export type ApprovalAnswered = {
  /** `ok`. */
  status: string;
  /** Whether it may be done. */
  approved: boolean;
  /** How long a yes holds. */
  scope: Scope;
};

/** Facts about approvals. */
export type ApprovalEvent =
  /** A question is open. */
  | {
    verb: 'requested';
    /** The whole question. */
    approval: Approval;
  }
  /** There is more time to answer. */
  | {
    verb: 'extended';
    /** The question. */
    approval: ApprovalId;
    /** When silence becomes "not answered" now. */
    expires_at: UnixMillis;
  }
  /** It is not open any more. */
  | {
    verb: 'resolved';
    /** The question. */
    approval: ApprovalId;
    /** What became of it. */
    resolution: Resolution;
    /** Who decided: a frontend's name, or `nobody`. */
    by: string;
  };

export type ApprovalId = string;

/** Wishes about approvals. */
export type ApprovalOp =
  /** Answers one question, once; answered by [`ApprovalEvent::Resolved`]. A second answer is rejected. */
  | {
    verb: 'decide';
    /** The question. */
    approval: ApprovalId;
    /** The digest that was shown; must equal the question's. */
    digest: string;
    /** The answer. */
    decision: Decision;
    /** The frontend the answer came from, for the record. */
    by: string;
  }
  /** Gives more time to answer; answered by [`ApprovalEvent::Extended`]. */
  | {
    verb: 'extend';
    /** The question. */
    approval: ApprovalId;
  };

/** An approval with what became of it. */
export type AskedApproval = {
  /** The question as it was shown. */
  approval: Approval;
  /** What became of it; none while it is open. */
  resolution?: Resolution | null;
  /** Who decided: a frontend's name, or `nobody`. */
  by?: string | null;
  /** When it was decided. */
  resolved_at?: UnixMillis | null;
};

/** An image as it is sent. */
export type AttachedImage = {
  /** For example `image/png`; told by its first bytes. */
  media_type: string;
  /** Base64 of the file. */
  data: string;
};

/** What one reference led to. Made by the host; what a frontend hands in is left out and found anew. */
export type Attachment = {
  /**
   * Where it was found, links followed: relative to the workspace and separated by `/`, or absolute where it
   * lies outside. A folder ends with `/`. Of a note or document `note:` or `document:` and its id; of what
   * an MCP server said, its name, `:` and the address or the prompt's name.
   */
  path: string;
  /** What it is. */
  kind: AttachmentKind;
  /** The first and the last line, from 1, where only these were asked for. */
  lines?: LineRange | null;
  /** How much of it is attached: lines of a text, entries of a folder, bytes of an image. */
  count: number;
  /** Whether there was more of it than one reference may bring (`cli.file_reference_max_chars`). */
  is_cut?: boolean;
  /** How far it may be believed: what lies outside of the workspace is untrusted and taints the conversation. */
  trust: Trust;
  /** What the model reads, with numbered lines; secrets are masked. */
  text: string;
  /** The image, if it is one. */
  image?: AttachedImage | null;
};

/** What a reference can lead to. */
export type AttachmentKind = 'file' | 'folder' | 'image' | 'note' | 'resource' | 'prompt';

/** What is wrong with a record. */
export type AuditFault = {
  /** Its number. */
  number: number;
  /** What is wrong. */
  text: string;
};

/** One record. Append-only; each carries the hash of the one before. */
export type AuditRecord = {
  /** Counted from 1, without gaps. */
  number: number;
  /** When. */
  at: UnixMillis;
  /** The user's id. */
  user: string;
  /** Where, if in a conversation. */
  conversation?: ConversationId | null;
  /** The call, if about one. */
  item?: ItemId | null;
  /** What sort of record, for example `decision`, `call`, `grant`, `rule`, `setting`, `undo`. */
  action: string;
  /** The tool or module, if any. */
  tool?: string | null;
  /** What it was about, in one line, secrets masked. */
  effect: string;
  /** SHA-256 of the arguments, hexadecimal; the arguments themselves only by setting. */
  arguments?: string | null;
  /** How risky it was. */
  tier?: Tier | null;
  /** What was decided or what came of it, for example `allowed`, `denied`, `not_answered`, `completed`, `failed`. */
  verdict: string;
  /** Who decided: a frontend, `policy`, `rule`, `nobody`. */
  by: string;
  /** How long an approval holds, if one was given. */
  scope?: Scope | null;
  /** Resources used, for a finished call. */
  meter?: Meter | null;
  /** Hash of the record before, hexadecimal. */
  previous: string;
  /** Hash of this record, hexadecimal. */
  hash: string;
};

/** Whether the log is as it was written. */
export type AuditReport = {
  /** Records looked at. */
  records: number;
  /** Signatures looked at. */
  signatures: number;
  /** The first record that is not as it was written, and what is wrong with it. */
  first_bad?: AuditFault | null;
  /** What cannot be proven, in words; for example records that are not signed yet. */
  remarks?: string[];
};

/** How one power differs from what is installed. */
export type BundleChange = {
  /** What sort of thing. */
  kind: BundlePowerKind;
  /** What tells it from others of its kind. */
  name: string;
  /** What it is; none if it is new. */
  before?: string | null;
  /** What it will be; none if it goes. */
  after?: string | null;
  /** Whether the bundle can do more than before, or tells the model something else. */
  is_widening: boolean;
};

/** Facts about bundles. */
export type BundleEvent =
  /** A bundle was installed, or another version of it. */
  | {
    verb: 'installed';
    /** What it is now. */
    bundle: BundleView;
    /** The version before, if there was one. */
    before?: string | null;
  }
  /** A bundle is gone, and all it brought. */
  | {
    verb: 'removed';
    /** Which. */
    name: string;
  }
  /** A key is trusted for a name. */
  | {
    verb: 'trusted';
    /** The bundle's name. */
    name: string;
    /** The key's fingerprint. */
    fingerprint: string;
  }
  /** A key is not trusted any more. */
  | {
    verb: 'distrusted';
    /** Its fingerprint. */
    fingerprint: string;
  }
  /** A file or folder was made or signed. */
  | {
    verb: 'made';
    /** Where. */
    path: string;
    /** SHA-256 of all its bytes, hexadecimal; none of a new folder. */
    hash?: string | null;
    /** The fingerprint of the key that signed it, if it is signed. */
    fingerprint?: string | null;
  };

/** A file of a bundle. */
export type BundleFile = {
  /** Relative, with `/`. */
  path: string;
  /** Bytes. */
  size: number;
  /** SHA-256, hexadecimal. */
  sha256: string;
};

/** A bundle that a project's lock file names. */
export type BundleLocked = {
  /** Its name. */
  name: string;
  /** Its version. */
  version: string;
  /** SHA-256 of all its bytes, hexadecimal. */
  hash: string;
  /** Where it is to be had; a path is absolute here, and relative to the project in the file. */
  source: string;
  /** The fingerprint of the key that signed it; none if it is unsigned. */
  fingerprint?: string | null;
  /** Whether exactly this is installed. */
  is_installed: boolean;
};

/** Wishes about bundles. */
export type BundleOp =
  /**
   * Installs, updates or goes back, as the source says; answered by [`BundleEvent::Installed`]. Rejected with
   * [`crate::ProblemCode::Conflict`] if what would be installed, or what is installed, is not what was shown.
   */
  | {
    verb: 'install';
    /** Where it is to be taken from. */
    source: BundleSource;
    /** Whether it may be unsigned. */
    may_be_unsigned?: boolean;
    /** Whether it may be an older version than there was. */
    may_be_older?: boolean;
    /** Whether it must be exactly what the lock file of the project names. */
    is_locked?: boolean;
    /** A project whose lock file is to name what is installed. Its absolute path. */
    project?: string | null;
    /**
     * Whether only hosts of the public network may be asked for it. A frontend that others may reach says so: it is
     * lent to them, and not the network it stands in.
     */
    is_public?: boolean;
    /** [`BundleReport::digest`] of what was shown. */
    digest: string;
  }
  /** Removes a bundle and all it brought; answered by [`BundleEvent::Removed`]. Its key stays known. */
  | {
    verb: 'remove';
    /** Which. */
    name: string;
    /** A project from whose lock file it is to go, too. */
    project?: string | null;
  }
  /** Trusts a key for a name, in place of the one before; answered by [`BundleEvent::Trusted`]. */
  | {
    verb: 'trust';
    /** The bundle's name. */
    name: string;
    /** The key's fingerprint, whole, as its holder says. */
    fingerprint: string;
  }
  /**
   * Trusts a key no more: what it signed is not installed, and counts no more; answered by
   * [`BundleEvent::Distrusted`].
   */
  | {
    verb: 'distrust';
    /** The key's fingerprint, whole. */
    fingerprint: string;
  }
  /** Makes the folder of a new bundle; answered by [`BundleEvent::Made`]. */
  | {
    verb: 'new';
    /** The bundle's name. */
    name: string;
    /** The folder, absolute; it must not be there, or be empty. */
    folder: string;
  }
  /** Makes one file of a folder; answered by [`BundleEvent::Made`]. */
  | {
    verb: 'pack';
    /** The folder, absolute. */
    folder: string;
    /** The file, absolute; it must not be there, unless it is a bundle of the same name. */
    file: string;
    /** Whether to sign it with this installation's key. */
    is_signed: boolean;
  }
  /**
   * Signs a bundle with this installation's key, in the place of any signature it has: a file itself, a folder in
   * the file `bundle.sig`; answered by [`BundleEvent::Made`].
   */
  | {
    verb: 'sign';
    /** The file or folder, absolute. */
    path: string;
  };

/** One thing that a bundle will be able to do. */
export type BundlePower = {
  /** What sort of thing. */
  kind: BundlePowerKind;
  /** What tells it from others of its kind. */
  name: string;
  /** The thing itself, whole: how far it reaches, the text, the command line. */
  text?: string;
};

/** What sort of power a bundle has. */
export type BundlePowerKind = 'capability' | 'host' | 'command' | 'tool' | 'server' | 'prompt' | 'file' | 'setting' | 'unused';

/** What a bundle is and what it would be able to do, before anything of it counts. */
export type BundleReport = ({
  /** Where it was found. */
  source: string;
  /** Its name. */
  name: string;
  /** Its version. */
  version: string;
  /** Who wrote it, as it says. */
  author: string;
  /** Its licence, as it says. */
  licence: string;
  /** One line, as it says. */
  description: string;
  /** SHA-256 of all its bytes, hexadecimal. */
  hash: string;
  /** Bytes in all. */
  size_bytes: number;
  /** What it holds. */
  files: BundleFile[];
  /** What it would be able to do. */
  powers: BundlePower[];
  /** Compared with what is installed. */
  step: BundleStep;
  /** The version that is installed. */
  installed?: string | null;
  /** How it differs from what is installed; all it can do if nothing is. */
  changes: BundleChange[];
  /** What a person should know beside that, in words. */
  notes?: string[];
  /** Why it would not be taken as it is, and what could be done. */
  refusals?: Problem[];
  /** Covers all of the above: a wish that carries it is for exactly this. */
  digest: string;
}) & (
  /** Nobody. */
  | {
    signature: 'unsigned';
  }
  /** The holder of a key; the signature is right. */
  | {
    signature: 'signed';
    /** The key's fingerprint, for comparing it with what its holder says. */
    fingerprint: string;
    /** What is known of it. */
    trust: BundleTrust;
  });

/** Where a bundle is to be taken from. */
export type BundleSource =
  /**
   * A file, a folder, an `https` address of a file, or a git repository (`git+https://…`, `git+file://…`, with
   * `#branch` or `#tag` behind it). A path is absolute.
   */
  | {
    from: 'place';
    /** Which. */
    place: string;
  }
  /** A file that was sent, and is gone once it was looked at. */
  | {
    from: 'sent';
    /** Where it lies until then, absolute. */
    path: string;
    /** What it was called where it came from. */
    name: string;
  }
  /** What was shown with this digest, to be looked at or installed without being fetched again. */
  | {
    from: 'shown';
    /** [`BundleReport::digest`]. */
    digest: string;
  }
  /** Where an installed bundle came from. */
  | {
    from: 'again';
    /** Its name. */
    name: string;
  }
  /** A version of an installed bundle that was kept. */
  | {
    from: 'kept';
    /** Its name. */
    name: string;
    /** The version; the one that was replaced last if none. */
    version?: string | null;
  };

/** What installing would mean, compared with what is there. */
export type BundleStep = 'install' | 'same' | 'update' | 'replace' | 'downgrade';

/** What is known of a key. */
export type BundleTrust =
  /** Nothing yet: installing the bundle trusts it for this name from then on. */
  | {
    trust: 'new';
  }
  /** It is the one that signed what was installed under this name. */
  | {
    trust: 'known';
  }
  /** It is another one than before. */
  | {
    trust: 'changed';
    /** The fingerprint of the one before. */
    pinned: string;
  }
  /** A person said that it is not to be trusted any more. */
  | {
    trust: 'distrusted';
  };

/** A bundle that is installed. */
export type BundleView = {
  /** Its name. */
  name: string;
  /** Its version. */
  version: string;
  /** Who wrote it, as it says. */
  author: string;
  /** Its licence, as it says. */
  licence: string;
  /** One line, as it says. */
  description: string;
  /** SHA-256 of all its bytes, hexadecimal. */
  hash: string;
  /** The fingerprint of the key that signed it; none if it was installed unsigned. */
  fingerprint?: string | null;
  /** Where it came from. */
  source: string;
  /** When this version was installed. */
  installed_at: UnixMillis;
  /** Its toolsets. */
  modules: ModuleId[];
  /** What it can do. */
  powers: BundlePower[];
  /** Versions that were kept and can be gone back to, the last one first. */
  kept?: string[];
  /** Why nothing of it counts, if that is so. */
  problem?: Problem | null;
};

/** Which bundle, and how much may be unusual about it. */
export type BundleWish = {
  /** Where it is to be taken from. */
  source: BundleSource;
  /** Whether it may be unsigned. */
  may_be_unsigned?: boolean;
  /** Whether it may be an older version than there was. */
  may_be_older?: boolean;
  /** Whether it must be exactly what the lock file of the project names. */
  is_locked?: boolean;
  /** A project whose lock file is to name what is installed. Its absolute path. */
  project?: string | null;
  /**
   * Whether only hosts of the public network may be asked for it. A frontend that others may reach says so: it is
   * lent to them, and not the network it stands in.
   */
  is_public?: boolean;
};

/** One decision about a call or one of its effects. */
export type CallDecision = {
  /** The effect in one line, as it was shown. */
  effect: string;
  /** Its tier. */
  tier: Tier;
  /** What came out. */
  resolution: Resolution;
  /** Who decided: a frontend's name, `policy`, `rule`, `call` (the call as a whole was approved), or `nobody`. */
  by: string;
  /** What led there, in order and in plain words: tier, mode, analysis, taint. */
  reasons?: string[];
  /** The rule that decided or that the answer made, in the notation of `--allowed-tools`. */
  rule?: string | null;
};

/** One tool call and where it was made. */
export type CallHit = {
  /** The conversation. */
  conversation: ConversationId;
  /** The call with its decisions. */
  item: Item;
  /** What a person was asked about it, in order. */
  asked?: AskedApproval[];
};

/** What separates two versions of a canvas. */
export type CanvasDiff = {
  /** The one version. */
  from: number;
  /** The other. */
  to: number;
  /** Lines added. */
  added: number;
  /** Lines removed. */
  removed: number;
  /** Unified diff, three lines of context; empty if they say the same. Cut at 1 MiB. */
  unified: string;
};

/** Facts about canvases. */
export type CanvasEvent =
  /** A first or a later version exists. */
  | {
    verb: 'saved';
    /** The version. */
    canvas: CanvasView;
  };

export type CanvasId = string;

/** Wishes about canvases. */
export type CanvasOp =
  /**
   * Writes the next version by hand, with title and kind as they are; answered by [`CanvasEvent::Saved`]. The same
   * words again are no new version and no event. Rejected with [`crate::ProblemCode::Conflict`] if somebody, or the
   * model, has written since `base_version`: then nothing is stored.
   */
  | {
    verb: 'write';
    /** Where. */
    conversation: ConversationId;
    /** Which. */
    canvas: CanvasId;
    /** The version that was changed. */
    base_version: number;
    /** The whole text. */
    body: string;
  };

/** One version of a canvas. */
export type CanvasView = {
  /** Its id. */
  id: CanvasId;
  /** The conversation it belongs to. */
  conversation: ConversationId;
  /** Its title. */
  title: string;
  /** What it holds, for example `markdown`, `html`, `rust`. */
  kind: string;
  /** Counted from 1. */
  version: number;
  /** The whole text. */
  body: string;
  /** When this version was made. */
  updated_at: UnixMillis;
};

/** A power that a component can be lent. */
export type Capability = 'files_read' | 'files_write' | 'process' | 'canvas' | 'agents' | 'ask' | 'fetch' | 'store' | 'secrets' | 'skills' | 'catalog';

/** What a call did to a file. */
export type ChangeKind = 'created' | 'changed' | 'removed';

/** One file that a call changed, with what is needed to take it back. */
export type ChangeView = {
  /** The call. */
  item: ItemId;
  /** Its turn. */
  turn: TurnId;
  /** The tool. */
  tool: string;
  /** The file, absolute. */
  path: string;
  /** What happened to it. */
  kind: ChangeKind;
  /** When. */
  at: UnixMillis;
  /** Whether it was taken back. */
  is_undone: boolean;
  /** Why it cannot be taken back, if it cannot: too large, or its copy was dropped. */
  obstacle?: string | null;
};

/** What to say. */
export type ChatMessage = {
  /** The words. */
  message: string;
  /** Plans first: nothing above the read tier until a person has approved the plan. */
  plan_mode?: boolean;
  /** A model other than the conversation's. */
  model?: string | null;
  /** An approval mode other than the configured one. */
  mode?: Mode | null;
};

/** Facts about checkpoints. */
export type CheckpointEvent =
  /** Changes were taken back. */
  | {
    verb: 'undone';
    /** What became of each file. */
    files: UndoneFile[];
  } & (
    /** Those of one call. */
    | {
      target: 'call';
      /** The call. */
      item: ItemId;
    }
    /** Those of one turn, its child agents' included. */
    | {
      target: 'turn';
      /** The turn. */
      turn: TurnId;
    }
    /** All since a message, its turn's included. */
    | {
      target: 'since';
      /** The message. */
      item: ItemId;
    });

/** Wishes about checkpoints. */
export type CheckpointOp =
  /**
   * Takes changes back, newest first; answered by [`CheckpointEvent::Undone`]. A file that was changed by
   * somebody else since is left alone unless `is_forced`.
   */
  | {
    verb: 'undo';
    /** Where. */
    conversation: ConversationId;
    /** Overwrites what was changed since, too. */
    is_forced?: boolean;
  } & (
    /** Those of one call. */
    | {
      target: 'call';
      /** The call. */
      item: ItemId;
    }
    /** Those of one turn, its child agents' included. */
    | {
      target: 'turn';
      /** The turn. */
      turn: TurnId;
    }
    /** All since a message, its turn's included. */
    | {
      target: 'since';
      /** The message. */
      item: ItemId;
    });

/** One part of a user message. */
export type Content =
  /** Text. */
  | {
    type: 'text';
    /** UTF-8 text. */
    text: string;
  }
  /** An image. */
  | {
    type: 'image';
    /** For example `image/png`. */
    media_type: string;
    /** Base64 of the file. */
    data: string;
  }
  /** What a reference in the text led to; stands behind the text. */
  | Attachment
  /**
   * A prompt of an MCP server. The host asks the server for it when the turn begins, and puts what it said
   * behind it as an attachment.
   */
  | {
    type: 'prompt';
    /** The server. */
    server: string;
    /** The prompt's name there. */
    name: string;
    /** What it asks for, by name. */
    arguments?: Record<string, string>;
  }
  /** A skill that the person calls: `/name arguments`. */
  | {
    type: 'skill';
    /** Its name. */
    name: string;
    /** What is given to it, as it was written; references in it are followed as those in a text. */
    arguments?: string;
    /**
     * What it came to when the turn began. Made by the host; what a frontend hands in is left out and found
     * anew.
     */
    used?: SkillUse | null;
  };

/** What is to be different; what is absent stays. */
export type ConversationChanges = {
  /** A title. */
  title?: string | null;
  /** Whether it is kept at hand. */
  is_pinned?: boolean | null;
  /** Tags to give. */
  add_tags?: string[];
  /** Tags to take. */
  remove_tags?: string[];
  /** The folder to put it in; null: out of all. */
  folder?: FolderId | null;
  /** The project it is to belong to; null: to none. */
  project?: ProjectId | null;
};

/** Facts about conversations. */
export type ConversationEvent =
  /** It exists. */
  | {
    verb: 'opened';
    /** What it is. */
    conversation: ConversationView;
  }
  /** It has a new title. */
  | {
    verb: 'renamed';
    /** Which. */
    conversation: ConversationId;
    /** The new title. */
    title: string;
  }
  /** It has other tags. */
  | {
    verb: 'tagged';
    /** Which. */
    conversation: ConversationId;
    /** Tags it was given. */
    added?: string[];
    /** Tags it was taken. */
    removed?: string[];
  }
  /** It is in another folder. */
  | {
    verb: 'moved';
    /** Which. */
    conversation: ConversationId;
    /** Where; none: in no folder. */
    folder?: FolderId | null;
  }
  /** It belongs to another project. */
  | {
    verb: 'assigned';
    /** Which. */
    conversation: ConversationId;
    /** To which; none: to no project. */
    project?: ProjectId | null;
  }
  /** It is kept at hand, or not any more. */
  | {
    verb: 'pinned';
    /** Which. */
    conversation: ConversationId;
    /** Whether it is. */
    is_pinned: boolean;
  }
  /** Its model or its mode is another one. */
  | {
    verb: 'configured';
    /** Which. */
    conversation: ConversationId;
    /** The model; none: the configured one. */
    model?: string | null;
    /** The mode; none: the configured one. */
    mode?: Mode | null;
  }
  /** Content from outside entered; from now on sending data out asks. */
  | {
    verb: 'tainted';
    /** Which. */
    conversation: ConversationId;
    /** The item it entered with. */
    item: ItemId;
    /** Where it came from, in words. */
    source: string;
  }
  /** It and everything after it was put aside. */
  | {
    verb: 'rewound';
    /** Which. */
    conversation: ConversationId;
    /** The first item put aside. */
    before: ItemId;
  }
  /** A summary stands in the place of the older history, for the model only. */
  | {
    verb: 'compacted';
    /** Which. */
    conversation: ConversationId;
    /** The summary. */
    item: ItemId;
    /** The first item that is still sent as it is. */
    from?: ItemId | null;
    /** Tokens of the history before. */
    before_tokens: number;
    /** Tokens of the history after. */
    after_tokens: number;
  }
  /** The whole history is sent again. */
  | {
    verb: 'uncompacted';
    /** Which. */
    conversation: ConversationId;
  }
  /** The history comes near its limit. */
  | {
    verb: 'context_grown';
    /** Which. */
    conversation: ConversationId;
    /** Tokens of the last request. */
    tokens: number;
    /** From here on it is compacted by itself. */
    limit_tokens: number;
  }
  /** It is gone. */
  | {
    verb: 'deleted';
    /** Which. */
    conversation: ConversationId;
  };

export type ConversationId = string;

/** What sort of conversation it is. */
export type ConversationKind = 'chat' | 'note' | 'document' | 'agent';

/** Wishes about conversations. */
export type ConversationOp =
  /** Opens a new conversation, whose id is the op's; answered by [`ConversationEvent::Opened`]. */
  | {
    verb: 'open';
    /** The folder its tools work in: absolute, existing. Empty for the project's. */
    workspace: string;
    /** A title; empty to have one made. */
    title?: string;
    /** A model other than the configured one. */
    model?: string | null;
    /** The project it is to belong to: what that says holds from the first word on. */
    project?: ProjectId | null;
    /** The shared database it is to live in; the project's, or the personal one, if none. */
    database?: string | null;
  }
  /** Gives a title; answered by [`ConversationEvent::Renamed`]. */
  | {
    verb: 'rename';
    /** Which. */
    conversation: ConversationId;
    /** The new title. */
    title: string;
  }
  /**
   * Opens a new conversation, whose id is the op's, with copies of everything up to an item; answered by
   * [`ConversationEvent::Opened`].
   */
  | {
    verb: 'fork';
    /** Where from. */
    conversation: ConversationId;
    /** The last item to be copied; its whole step comes along. */
    until: ItemId;
  }
  /**
   * Goes back to before a message: it and everything after it is put aside, and not sent any more. Refused
   * while a turn runs. Answered by [`ConversationEvent::Rewound`].
   */
  | {
    verb: 'rewind';
    /** Which. */
    conversation: ConversationId;
    /** A message of the person's. */
    before: ItemId;
    /** Whether to take back the changes of files made since. */
    is_undoing?: boolean;
  }
  /**
   * Puts a summary in the place of the older history, for the model only; answered by
   * [`ConversationEvent::Compacted`]. Refused while a turn runs.
   */
  | {
    verb: 'compact';
    /** Which. */
    conversation: ConversationId;
  }
  /** Sends the whole history again instead of its summary; answered by [`ConversationEvent::Uncompacted`]. */
  | {
    verb: 'uncompact';
    /** Which. */
    conversation: ConversationId;
  }
  /** Gives and takes tags; answered by [`ConversationEvent::Tagged`]. Nothing is told if nothing changes. */
  | {
    verb: 'tag';
    /** Which. */
    conversation: ConversationId;
    /** Tags to give. */
    add?: string[];
    /** Tags to take. */
    remove?: string[];
  }
  /** Puts it into a folder of its database; answered by [`ConversationEvent::Moved`]. */
  | {
    verb: 'move';
    /** Which. */
    conversation: ConversationId;
    /** Where to; none: out of all. */
    folder?: FolderId | null;
  }
  /**
   * Has it belong to a project of its database, or to none; answered by [`ConversationEvent::Assigned`]. What it
   * was told when it began stays.
   */
  | {
    verb: 'assign';
    /** Which. */
    conversation: ConversationId;
    /** To which. */
    project?: ProjectId | null;
  }
  /** Keeps it at hand or lets go of it; answered by [`ConversationEvent::Pinned`]. */
  | {
    verb: 'pin';
    /** Which. */
    conversation: ConversationId;
    /** Whether it is kept at hand. */
    is_pinned: boolean;
  }
  /**
   * Chooses its model and its approval mode, both at once; answered by [`ConversationEvent::Configured`]. The model
   * holds from the next turn on. In a shared database no mode is kept: others may write there.
   */
  | {
    verb: 'configure';
    /** Which. */
    conversation: ConversationId;
    /** The model; none: the configured one. */
    model?: string | null;
    /** The mode that frontends are to propose; none: the configured one. */
    mode?: Mode | null;
  }
  /** Deletes it with all that belongs to it; answered by [`ConversationEvent::Deleted`] on the host's topic. */
  | {
    verb: 'delete';
    /** Which. */
    conversation: ConversationId;
  };

/** A conversation without its items. */
export type ConversationView = {
  /** Its id. */
  id: ConversationId;
  /** What sort it is. */
  kind: ConversationKind;
  /** Its title; empty until it has one. */
  title: string;
  /** The folder its tools work in, absolute. */
  workspace: string;
  /** The model of its turns, if not the configured one. */
  model?: string | null;
  /**
   * The approval mode that frontends are to propose for its turns, if not the configured one. It holds for a turn
   * only once somebody gives it that: see [`crate::TurnOptions::mode`].
   */
  mode?: Mode | null;
  /** The call that started it, if it is a child agent's. */
  parent?: ItemId | null;
  /** The item it was forked from, if it was. */
  forked_from?: ItemId | null;
  /** The shared database it lives in; none for the personal one. */
  database?: string | null;
  /** Its tags, in alphabetical order. */
  tags?: string[];
  /** The folder it is in; none: in no folder. */
  folder?: FolderId | null;
  /** The project it belongs to. */
  project?: ProjectId | null;
  /** Whether it is kept at hand. */
  is_pinned?: boolean;
  /** Whether content from outside has entered it. */
  trust: Trust;
  /** When it was opened. */
  created_at: UnixMillis;
  /** When something last happened in it. */
  updated_at: UnixMillis;
  /** The newest event of its topic; follow from here to see only what is new. */
  seq: Seq;
  /** The turn that runs now, if one does. */
  running?: TurnId | null;
  /** Tokens of all turns together. */
  usage: Usage;
};

/** Facts about databases, on the host's topic. */
export type DatabaseEvent =
  /** A copy was made. */
  | {
    verb: 'backed_up';
    /** Where. */
    path: string;
    /** Its size. */
    size_bytes: number;
  }
  /** A copy took the place of the personal database. */
  | {
    verb: 'restored';
    /** The copy. */
    path: string;
    /** Where the earlier content is kept. */
    kept: string;
  }
  /** Unused space was given back. */
  | {
    verb: 'vacuumed';
    /** Size before. */
    before_bytes: number;
    /** Size after. */
    after_bytes: number;
  }
  /** Conversations were written. */
  | {
    verb: 'exported';
    /** Where. */
    path: string;
    /** How many. */
    conversations: number;
  }
  /** Conversations were read. */
  | {
    verb: 'imported';
    /** From where. */
    path: string;
    /** How many. */
    conversations: number;
    /** How many were there already. */
    skipped: number;
  }
  /** A shared database is there. */
  | {
    verb: 'shared_added';
    /** Its name. */
    name: string;
    /** The file. */
    path: string;
  }
  /** A shared database is let go of. */
  | {
    verb: 'shared_removed';
    /** Its name. */
    name: string;
  };

/** Wishes about databases. Files are named by absolute paths. */
export type DatabaseOp =
  /** Copies the personal database, while it is in use; answered by [`DatabaseEvent::BackedUp`]. */
  | {
    verb: 'back_up';
    /** Where to; must not exist. A file in the data folder's `backups` if none. */
    path?: string | null;
  }
  /**
   * Puts a copy in the place of the personal database, which is copied first; refused while another process has it
   * open. Answered by [`DatabaseEvent::Restored`], after which this host ends.
   */
  | {
    verb: 'restore';
    /** The copy. */
    path: string;
  }
  /** Gives unused space back; answered by [`DatabaseEvent::Vacuumed`]. */
  | {
    verb: 'vacuum';
  }
  /** Writes conversations with all that belongs to them as JSONL; answered by [`DatabaseEvent::Exported`]. */
  | {
    verb: 'export';
    /** Where to; must not exist. */
    path: string;
    /** Which; all if empty. */
    conversations?: ConversationId[];
  }
  /**
   * Reads what [`DatabaseOp::Export`] wrote. A conversation that is there already is left alone. Answered by
   * [`DatabaseEvent::Imported`].
   */
  | {
    verb: 'import';
    /** The file. */
    path: string;
  }
  /** Adds a shared database, made if it does not exist; answered by [`DatabaseEvent::SharedAdded`]. */
  | {
    verb: 'share_add';
    /** A short name. */
    name: string;
    /** The file. */
    path: string;
  }
  /** Lets go of a shared database; its file stays. Answered by [`DatabaseEvent::SharedRemoved`]. */
  | {
    verb: 'share_remove';
    /** Its name. */
    name: string;
  };

/** One database file and how it is. */
export type DatabaseView = {
  /** Its name; empty for the personal one. */
  name: string;
  /** The file. */
  path: string;
  /** Its size with its side files, bytes. */
  size_bytes: number;
  /** Version of its schema. */
  schema: number;
  /** Conversations in it. */
  conversations: number;
  /** Items in it. */
  items: number;
  /** When a copy of it was last made, if one is known. */
  backed_up_at?: UnixMillis | null;
  /** Whether nothing can be stored in it. */
  is_read_only?: boolean;
  /** What takes how much space: the folders beside the personal database, and where it was checked, its tables. */
  parts?: PartView[];
  /** What is wrong with it, each with what to do; empty if nothing is. */
  complaints?: string[];
};

/** A person's answer. */
export type Decision =
  /** Yes, for so long. */
  | {
    decision: 'allow';
    /** How long it holds. */
    scope: Scope;
  }
  /** No. */
  | {
    decision: 'deny';
    /** Told to the model. */
    reason?: string | null;
  };

/** A preview of the next fact: never stored, free to be dropped. */
export type Delta =
  /**
   * More words of an agent message. Whoever has `had` characters of it appends what of `text` is beyond them: all
   * but the first `had - at`. `at` is never greater than `had`: what a slow follower had no room for is told once
   * there is room, and whoever joins later is first told the whole text so far, with `at: 0`. The announcement
   * of the item ([`ItemEvent::Started`]), also a second one, sets `had` to what that holds. A message that is
   * complete is not previewed any more.
   */
  | {
    delta: 'text';
    /** The message. */
    item: ItemId;
    /** Unicode scalar values of the message before `text`. */
    at: number;
    /** The words from there on. */
    text: string;
  }
  /** More reasoning; as [`Delta::Text`]. */
  | {
    delta: 'reasoning';
    /** The reasoning item. */
    item: ItemId;
    /** Unicode scalar values of the item before `text`. */
    at: number;
    /** The words from there on. */
    text: string;
  }
  /** More of a call's arguments, while the model still writes them. */
  | {
    delta: 'arguments';
    /** Position of the call in the answer, from 0. */
    index: number;
    /** The tool's name, as far as known. */
    tool: string;
    /** What to append. */
    text: string;
  }
  /** Output of a running call. */
  | {
    delta: 'output';
    /** The call. */
    item: ItemId;
    /** Where it came from. */
    stream: OutputStream;
    /** What to append. */
    text: string;
  }
  /** How far a running call says it has come. */
  | {
    delta: 'progress';
    /** The call. */
    item: ItemId;
    /** In words. */
    message: string;
    /** From 0 to 1, if known. */
    fraction?: number | null;
  }
  /** What the turn is doing. */
  | {
    delta: 'phase';
    /** The turn. */
    turn: TurnId;
    /** Doing what. */
    phase: Phase;
  }
  /** What a child agent is doing; sent on its parents' topics. */
  | {
    delta: 'agent';
    /** The call that started it. */
    item: ItemId;
    /** Its name. */
    name: string;
    /** Its step, from 1. */
    step: number;
    /** The tool it runs, if it does. */
    tool?: string | null;
    /** Calls it has begun so far. */
    calls?: number;
    /** Tokens so far. */
    tokens: number;
    /** Milliseconds since it started. */
    elapsed_ms: number;
  };

/** What a page asks before it goes on speaking to whoever answers here. */
export type Doubted = {
  /** The name of its tab, which tells nothing of its secret. */
  tab: string;
  /** A number nobody knew before: 256 random bits. */
  nonce: string;
};

/** The sorts of effect the gate knows. */
export type EffectKind = 'call' | 'file_read' | 'file_write' | 'file_remove' | 'process' | 'agent' | 'network' | 'grant' | 'plan' | 'unconfined' | 'sample';

/** An effect as shown to a person: exactly what will happen, nothing left out. */
export type EffectView = {
  /** Which sort of effect. */
  kind: EffectKind;
  /** One line: a path, a command, a host. */
  summary: string;
  /** The whole text where one line is not enough (a long command, arguments as JSON). */
  detail?: string | null;
  /** What the tool says it will write, as a diff. */
  preview?: ToolContent | null;
};

/** Facts about elicitations. */
export type ElicitationEvent =
  /** A question is open. */
  | {
    verb: 'requested';
    /** The whole question. */
    question: Question;
  }
  /** It is not open any more. */
  | {
    verb: 'answered';
    /** The question. */
    elicitation: ElicitationId;
    /** The answer. */
    answer: Answer;
  };

export type ElicitationId = string;

/** Wishes about elicitations. */
export type ElicitationOp =
  /** Answers one question, once; answered by [`ElicitationEvent::Answered`]. */
  | {
    verb: 'answer';
    /** The question. */
    elicitation: ElicitationId;
    /** The answer. */
    answer: Answer;
  };

/** What a test of an endpoint showed, step by step. */
export type EndpointReport = {
  /** The models it lists; empty if it lists none. */
  models: string[];
  /** The model the later steps used. */
  model?: string | null;
  /** `connect`, `models`, `stream`, `tools`, in this order; ends with the first that makes the rest pointless. */
  steps: ProbeStep[];
};

/** An endpoint to be tested. The key is used and forgotten. */
export type EndpointSpec = {
  /** For example `http://127.0.0.1:11434/v1`. */
  base_url: string;
  /** A key, if the endpoint wants one. */
  api_key?: string | null;
  /** The model to test; the first one the endpoint lists if none is given. */
  model?: string | null;
};

/** A stored fact with its place in the order of its topic. */
export type Envelope = {
  /** What it is about. */
  topic: Topic;
  /** Rises by one within the topic; the resume point. */
  seq: Seq;
  /** When it was stored. */
  at: UnixMillis;
  /** The wish that led here. */
  cause?: OpId | null;
  /** The fact. */
  event: Event;
};

/** A fact. Stored before it is told. */
export type Event =
  /** About a conversation. */
  | {
    noun: 'conversation';
    event: ConversationEvent;
  }
  /** About a turn. */
  | {
    noun: 'turn';
    event: TurnEvent;
  }
  /** About an item. */
  | {
    noun: 'item';
    event: ItemEvent;
  }
  /** About an approval. */
  | {
    noun: 'approval';
    event: ApprovalEvent;
  }
  /** About an elicitation. */
  | {
    noun: 'elicitation';
    event: ElicitationEvent;
  }
  /** About a canvas. */
  | {
    noun: 'canvas';
    event: CanvasEvent;
  }
  /** About a module. */
  | {
    noun: 'module';
    event: ModuleEvent;
  }
  /** About a setting. */
  | {
    noun: 'setting';
    event: SettingEvent;
  }
  /** About a rule that was kept. */
  | {
    noun: 'rule';
    event: RuleEvent;
  }
  /** About changes of files. */
  | {
    noun: 'checkpoint';
    event: CheckpointEvent;
  }
  /** About a database. */
  | {
    noun: 'database';
    event: DatabaseEvent;
  }
  /** About a folder people work in. */
  | {
    noun: 'workspace';
    event: WorkspaceEvent;
  }
  /** About a tag wherever it is used. */
  | {
    noun: 'tag';
    event: TagEvent;
  }
  /** About a folder of conversations. */
  | {
    noun: 'folder';
    event: FolderEvent;
  }
  /** About a project. */
  | {
    noun: 'project';
    event: ProjectEvent;
  }
  /** About a note or document. */
  | {
    noun: 'text';
    event: TextEvent;
  }
  /** About a bundle. */
  | {
    noun: 'bundle';
    event: BundleEvent;
  }
  /** About a web session. */
  | {
    noun: 'session';
    event: SessionEvent;
  }
  /** About an MCP server. */
  | {
    noun: 'mcp';
    event: McpEvent;
  }
  /** About the host itself. */
  | {
    noun: 'host';
    event: HostEvent;
  };

export type ExportFormat = 'markdown' | 'json';

/** What stands in the body of every failure. */
export type Failure = {
  /** Stable name of the kind of failure. */
  code: string;
  /** What failed, in one line. */
  message: string;
  /** What to try next. */
  hint?: string | null;
  /** Which part of the request is meant. */
  field?: string | null;
  /** Why, outermost first. */
  causes: string[];
  /** Whether the same request may succeed if simply repeated. */
  retryable: boolean;
};

/** A value to choose. */
export type FieldChoice = {
  /** What the answer holds. */
  value: string;
  /** What the person reads. */
  title: string;
};

/** What a field of a form takes. */
export type FieldKind =
  /** A text. */
  | {
    kind: 'text';
    /** `email`, `uri`, `date` or `date-time`, if it is to be one. */
    format?: string | null;
  }
  /** A number. */
  | {
    kind: 'number';
    /** Whether only whole ones are. */
    is_whole?: boolean;
  }
  /** Yes or no. */
  | {
    kind: 'switch';
  }
  /** One of several values, or some of them. */
  | {
    kind: 'choice';
    /** What there is to choose. */
    options: FieldChoice[];
    /** Whether several may be chosen: the answer is a list then. */
    is_multiple?: boolean;
  };

/** What separates a file as it is now from what it was before calls changed it. */
export type FileDiff = {
  /** The file, absolute; a folder's ends in `/`. */
  path: string;
  /** What has happened to it altogether. */
  kind: ChangeKind;
  /** Lines added. */
  added: number;
  /** Lines removed. */
  removed: number;
  /** Unified diff from then to now, three lines of context, secrets masked; empty if there is none to show. */
  unified: string;
  /** Why there is none, or not all of it: not text, too large, not kept. */
  remark?: string | null;
  /** Why an undo would leave it as it is, unless somebody insists where that helps. */
  hindrance?: string | null;
};

/** One checked thing. */
export type Finding = {
  /** What was checked, for example `endpoint`. */
  subject: string;
  /** How it is. */
  health: Health;
  /** One line on what was found. */
  text: string;
  /** What to do, if something should be done. */
  hint?: string | null;
};

/**
 * Facts about folders, on the host's topic.
 *
 * `database` is the shared database it happened in, none for the personal one.
 */
export type FolderEvent =
  /** It exists. */
  | {
    verb: 'created';
    /** What it is. */
    folder: FolderView;
  }
  /** It has another name. */
  | {
    verb: 'renamed';
    /** Which. */
    folder: FolderId;
    /** The new name. */
    name: string;
    /** Where it lives. */
    database?: string | null;
  }
  /** It is in another folder. */
  | {
    verb: 'moved';
    /** Which. */
    folder: FolderId;
    /** Where it is; none: at the top. */
    parent?: FolderId | null;
    /** Where it lives. */
    database?: string | null;
  }
  /** It is gone, and what was in it is where it was. */
  | {
    verb: 'deleted';
    /** Which. */
    folder: FolderId;
    /** Where it lived. */
    database?: string | null;
  };

export type FolderId = string;

/** Wishes about folders; [`crate::ConversationOp::Move`] puts conversations into them. */
export type FolderOp =
  /**
   * Makes a folder, whose id is the op's; answered by [`FolderEvent::Created`]. Rejected with
   * [`crate::ProblemCode::Conflict`] if the name is taken there.
   */
  | {
    verb: 'create';
    /** Its name. */
    name: string;
    /** The folder it is to be in; none: at the top. */
    parent?: FolderId | null;
    /** The shared database it is to live in; the parent's, or the personal one, if none. */
    database?: string | null;
  }
  /** Gives another name; answered by [`FolderEvent::Renamed`]. */
  | {
    verb: 'rename';
    /** Which. */
    folder: FolderId;
    /** The new name. */
    name: string;
  }
  /**
   * Puts it with all that is in it into another folder of the same database; answered by
   * [`FolderEvent::Moved`]. Rejected with [`crate::ProblemCode::InvalidInput`] if that folder is in it.
   */
  | {
    verb: 'move';
    /** Which. */
    folder: FolderId;
    /** Where to; none: to the top. */
    parent?: FolderId | null;
  }
  /**
   * Takes it away; answered by [`FolderEvent::Deleted`]. Nothing that was in it is lost: conversations and
   * folders in it move up to where it was. Rejected with [`crate::ProblemCode::Conflict`] if a folder in it has
   * a name that is taken there.
   */
  | {
    verb: 'delete';
    /** Which. */
    folder: FolderId;
  };

/** A folder. */
export type FolderView = {
  /** Its id. */
  id: FolderId;
  /** Its name. */
  name: string;
  /** Its names from the top, separated by `/`. */
  path: string;
  /** The folder it is in; none at the top. */
  parent?: FolderId | null;
  /** The shared database it lives in; none for the personal one. */
  database?: string | null;
  /** Conversations in it, those of folders below it not counted. */
  conversations: number;
  /** When it was made. */
  created_at: UnixMillis;
};

/** One field of a form. */
export type FormField = {
  /** What the answer calls it. */
  name: string;
  /** What the person reads. */
  title: string;
  /** What it means. */
  description?: string | null;
  /** What it takes. */
  kind: FieldKind;
  /** Whether the form cannot be sent without it. */
  is_required?: boolean;
  /** What stands there at first. */
  default?: unknown;
};

/** A server found on loopback. */
export type FoundEndpoint = {
  /** What usually listens there, for example `Ollama`. */
  name: string;
  /** Ready for `ai.base_url`. */
  base_url: string;
  /** The models it lists. */
  models: string[];
};

/** A capability given to one exact binary. */
export type GrantOp = ({
  /** The module. */
  module: ModuleId;
  /** SHA-256 of the component as it was shown, hexadecimal; the grant holds for nothing else. */
  hash: string;
  /** The power. */
  capability: Capability;
  /** How far it reaches. */
  reach?: GrantReach;
  /** When it ends, if it does. */
  expires_at?: UnixMillis | null;
  /** For how many calls it holds, if not for all. */
  calls?: number | null;
}) & (
  /** In every workspace. */
  | {
    where: 'everywhere';
  }
  /** In the workspace with this absolute path. */
  | {
    where: 'workspace';
    workspace: string;
  });

/**
 * How far a granted capability reaches. Empty means: as far as the capability goes inside the workspace; for
 * `secrets`, where only what is named is lent, it means nothing.
 */
export type GrantReach = {
  /** Folders relative to the workspace, for the file capabilities. */
  folders?: string[];
  /** Command prefixes, for `process`. */
  commands?: string[];
  /**
   * Hosts, for `fetch`: exact names or `*.suffix`, with `:port` where it is not 443. Without any, every new
   * host is asked about; with some, no other host is reached and these are not asked about.
   */
  hosts?: string[];
  /** Names of secrets, for `secrets`. */
  secrets?: string[];
};

/** How a checked thing is. */
export type Health = 'ok' | 'warning' | 'failed';

/** Facts about the host. */
export type HostEvent =
  /** Something is wrong that concerns everybody. */
  | {
    verb: 'trouble';
    /** What. */
    problem: Problem;
  }
  /** The host ends. */
  | {
    verb: 'stopping';
  };

/** The public side of an identity; the private key never leaves the host. */
export type IdentityView = {
  /** The id that stands beside all this user makes. */
  user_id: string;
  /** The name shown beside it. */
  display_name: string;
  /** The Ed25519 public key, PEM, for those who check signatures. */
  public_key: string;
};

/** The component was taken; that it is loaded, or why not, is told as an event. */
export type Installed = {
  /** The wish. */
  op: OpId;
  /** The module. */
  module: string;
};

/** One piece of a turn, labelled with where it came from. */
export type Item = {
  /** Its id, unique everywhere. */
  id: ItemId;
  /** The turn it belongs to. */
  turn: TurnId;
  /** The step of the turn it belongs to, from 1; 0 for what came before the first step. */
  step: number;
  /** How far it has come. */
  status: Status;
  /** Who or what produced it. */
  origin: Origin;
  /** When it came to be. */
  created_at: UnixMillis;
  /** What it says. */
  body: ItemBody;
};

/** What an item says. */
export type ItemBody =
  /** Input of the person. */
  | {
    kind: 'user_message';
    /** The parts of the message, in order. */
    content: Content[];
  }
  /** Words of the model, Markdown. */
  | {
    kind: 'agent_message';
    /** The whole text. */
    text: string;
  }
  /** Reasoning of the model, where the endpoint shows it. */
  | {
    kind: 'reasoning';
    /** The whole text. */
    text: string;
  }
  /** A call of a tool with its outcome. */
  | ToolCall
  /** What the host put in place of older history. */
  | {
    kind: 'summary';
    /** The whole text. */
    text: string;
  };

/** Facts about items. */
export type ItemEvent =
  /** The item exists and is pending or running. */
  | {
    verb: 'started';
    item: Item;
  }
  /** The item will not change any more. */
  | {
    verb: 'completed';
    item: Item;
  };

export type ItemId = string;

/** A page of items, with the turns they belong to. */
export type ItemsPage = {
  /** What is on it. */
  entries: Item[];
  /** Pass this as `before` to get the next page; none on the last. */
  before?: string | null;
  /**
   * Pass this as `after` to get the page of what is newer; none on the newest, and where a list is read one way
   * only.
   */
  after?: string | null;
  /** Where it is in the whole list, if the read tells. */
  place?: PagePlace | null;
  /** Their turns, oldest first. */
  turns: TurnView[];
};

/** A launch link's token. */
export type Launch = {
  /** What stands behind `#launch=`. */
  launch: string;
};

/** Lines of a file, both ends included. */
export type LineRange = {
  /** The first line, from 1. */
  first: number;
  /** The last line. */
  last: number;
};

/** A server as it is written in the config file. A value may be `${NAME}`, the variable of the host's environment. */
export type McpEntry = {
  /** Its name: lower-case letters, digits, `-` and `_`, 32 at most, a letter or digit first. */
  name?: string;
  /** `stdio`, `http` or `sse`; told by `command` and `url` if not set. */
  transport?: string | null;
  /** The program to start. */
  command?: string | null;
  /** Its arguments. */
  args?: string[];
  /** Environment variables it gets. */
  env?: Record<string, string>;
  /** Where it is reached. */
  url?: string | null;
  /** Headers that are sent along. */
  headers?: Record<string, string>;
  /** Longest call, in seconds. */
  timeout?: number | null;
  /** Longest wait until it is ready, in seconds. */
  connect_timeout?: number | null;
  /** Patterns of the tools that are offered; all if none. */
  tools_include?: string[];
  /** Patterns of the tools that are not. */
  tools_exclude?: string[];
  /** `untrusted` or `trusted`. */
  trust?: McpTrust | null;
  /** Whether it is used at all. */
  enabled?: boolean | null;
  /** Folders its program may read; with `:rw` behind the path also write. */
  folders?: string[];
  /** Whether its program reaches the network. */
  network?: boolean | null;
};

/**
 * Facts about MCP servers, on the host's topic. What a server is doing, each process knows for itself: read
 * [`crate::Reads::mcp_servers`].
 */
export type McpEvent =
  /** A server is another one than any process told last: its entry, its state, its tools. */
  | {
    verb: 'changed';
    /** How it is doing in the process that tells. */
    server: McpServerView;
  }
  /** It is not in the config file any more. */
  | {
    verb: 'removed';
    /** Which. */
    server: string;
  }
  /** A person let its program start, or its address be reached. */
  | {
    verb: 'approved';
    /** Which. */
    server: string;
    /** Exactly what. */
    hash: string;
    /** The same in words, line by line: whose it is, the command or address, and what it is given. */
    shown: string;
  }
  /** A person took a tool as it is now. */
  | {
    verb: 'accepted';
    /** The server. */
    server: string;
    /** The folder of the project that names it, if one does. */
    workspace?: string | null;
    /** The tool's name there. */
    tool: string;
    /** What the server says of it now. */
    hash: string;
  }
  /** A person let it ask for answers of the model, or forbade it. */
  | {
    verb: 'sampling_changed';
    /** Which. */
    server: string;
    /** Exactly what: another command or address was not allowed. */
    hash: string;
    /** Whether it may. */
    is_allowed: boolean;
  };

/** A folder that a server's program may see. */
export type McpFolder = {
  /** Absolute. */
  path: string;
  /** Whether it may also write there. */
  is_writable: boolean;
};

/** Wishes about MCP servers. Where two projects have servers of one name, a wish is about each that fits. */
export type McpOp =
  /**
   * Lets a server's program start or its address be reached, exactly as it was shown; answered by [`McpEvent::Approved`]. Rejected with
   * [`crate::ProblemCode::Conflict`] if it is another one by now, or cannot be started so.
   */
  | {
    verb: 'approve';
    /** The server. */
    server: string;
    /** The [`McpServerView::hash`] that was shown. */
    hash: string;
  }
  /**
   * Starts or reaches a server that was disconnected or failed, in this process; answered by
   * [`McpEvent::Changed`].
   */
  | {
    verb: 'connect';
    /** The server. */
    server: string;
  }
  /** Ends the connection in this process until it is connected again; answered by [`McpEvent::Changed`]. */
  | {
    verb: 'disconnect';
    /** The server. */
    server: string;
  }
  /** Both, in this process; answered by [`McpEvent::Changed`]. */
  | {
    verb: 'restart';
    /** The server. */
    server: string;
  }
  /**
   * Takes a quarantined tool as it is now; answered by [`McpEvent::Accepted`]. Rejected with
   * [`crate::ProblemCode::Conflict`] if the server says something else by now.
   */
  | {
    verb: 'accept';
    /** The server. */
    server: string;
    /** The tool's name there. */
    tool: string;
    /** The [`McpToolView::hash`] that was shown. */
    hash: string;
  }
  /**
   * Lets a server ask for answers of the model, or forbids it; answered by [`McpEvent::SamplingChanged`]. Each
   * request is asked about all the same.
   */
  | {
    verb: 'allow_sampling';
    /** The server. */
    server: string;
    /** Whether it may. */
    is_allowed: boolean;
  }
  /** Begins to sign in to a server; answered by [`McpEvent::Changed`] with the address to open. */
  | {
    verb: 'sign_in';
    /** The server. */
    server: string;
  }
  /**
   * Writes a server into the user's config file; answered by [`McpEvent::Changed`]. Starts nothing that was not
   * approved.
   */
  | {
    verb: 'add';
    /** What is written. */
    entry: McpEntry;
    /** Whether one of that name is replaced. */
    is_replacing?: boolean;
  }
  /** Takes a server out of the user's config file; answered by [`McpEvent::Removed`]. */
  | {
    verb: 'remove';
    /** The server. */
    server: string;
  };

/** Something that a server's program is made of, or that is open to it. */
export type McpPath = {
  /** What it is. */
  what: McpPathKind;
  /** As it is written, or was found. */
  path: string;
  /** Where that leads; none if it is not there, and then it is not open either. */
  real?: string | null;
  /** Whether it may be written, too. */
  is_writable: boolean;
};

/** What a path is to a server's program. */
export type McpPathKind = 'program' | 'interpreter' | 'script' | 'folder' | 'argument' | 'beside';

/** What a prompt asks for. */
export type McpPromptArgument = {
  /** Its name. */
  name: string;
  /** What it means. */
  description?: string | null;
  /** Whether the prompt cannot be had without it. */
  is_required?: boolean;
};

/** A prompt that a server offers: [`crate::Content::Prompt`] sends it. */
export type McpPromptView = {
  /** The server. */
  server: string;
  /** Its name there. */
  name: string;
  /** What it is for. */
  description?: string | null;
  /** What it asks for, in order. */
  arguments?: McpPromptArgument[];
};

/**
 * What a server's program is and reaches, by the paths that things really have. Part of what is approved: where a
 * path leads elsewhere later, it is asked about again.
 */
export type McpReach = {
  /** The program, and what is open to it beside the system's own folders and its own. */
  paths: McpPath[];
  /** What of the sandbox does not hold here, one line each; empty if all of it does. */
  missing?: string[];
};

/** Something that a server lets people read: `@server:uri` attaches it. */
export type McpResourceView = {
  /** The server. */
  server: string;
  /** Its address there; with `{names}` to be filled in where it is a template. */
  uri: string;
  /** What it is called. */
  name: string;
  /** What it is. */
  description?: string | null;
  /** For example `text/plain`, as the server says. */
  media_type?: string | null;
  /** Whether its address has names to be filled in. */
  is_template?: boolean;
};

/** A server as it was written down and as it is doing in the process that is asked. */
export type McpServerView = {
  /** Its name: lower-case letters, digits, `-` and `_`. */
  name: string;
  /** The folder of the project that names it; none for one of the user's own. */
  workspace?: string | null;
  /** The bundle that brought it, if one did. */
  bundle?: string | null;
  /** How it is reached. */
  transport: McpTransport;
  /**
   * What its program is and reaches here, as it was found just now; none for an address, and where it cannot be
   * started at all.
   */
  reach?: McpReach | null;
  /** SHA-256 of what would be started or reached, hexadecimal: what an approval names. */
  hash: string;
  /** Whether exactly this was approved; true for an address that needs no approval. */
  is_approved: boolean;
  /** What differs from what was approved last, one line each; empty if nothing was, or nothing does. */
  differences?: string[];
  /** How far what it says may be believed. */
  trust: McpTrust;
  /** How it is doing. */
  state: McpState;
  /** What it calls itself, with its version. */
  title?: string | null;
  /** The version of the protocol that was agreed on. */
  protocol?: string | null;
  /** Its tools, in its order. */
  tools?: McpToolView[];
  /** Resources it listed when it was last connected. */
  resources?: number;
  /** Prompts it listed when it was last connected. */
  prompts?: number;
  /** Whether it may ask for answers of the model. */
  is_sampling_allowed?: boolean;
  /** Calls of its tools since it was connected. */
  calls?: number;
  /** What went wrong last, also where it runs again. */
  last_error?: string | null;
};

/** How a server is doing. */
export type McpState =
  /** Switched off in the config file. */
  | {
    state: 'disabled';
  }
  /** It was never approved as it stands there now; nothing was started or reached. */
  | {
    state: 'needs_approval';
  }
  /** It asks to be signed in to. */
  | {
    state: 'needs_sign_in';
    /** Where to, once it is known. */
    url?: string | null;
  }
  /** It is being started or reached. */
  | {
    state: 'connecting';
  }
  /** Its tools can be called. */
  | {
    state: 'ready';
  }
  /** A person disconnected it. */
  | {
    state: 'disconnected';
  }
  /** It cannot be used. */
  | {
    state: 'failed';
    /** Why. */
    problem: Problem;
    /** When it is tried again, if it is. */
    next_try?: UnixMillis | null;
  };

/** Whether the model is offered a tool. */
export type McpToolState =
  /** It is. */
  | {
    offer: 'offered';
  }
  /** `tools_include` or `tools_exclude` leaves it out. */
  | {
    offer: 'excluded';
  }
  /** It is not what it was at first use. It stays away until a person accepts it as it is now. */
  | {
    offer: 'quarantined';
    /** What differs, one line each. */
    differences: string[];
  }
  /** It cannot be used: its name, its schema or its size is none that is taken. */
  | {
    offer: 'refused';
    /** Why. */
    reason: string;
  };

/** A tool of a server. */
export type McpToolView = {
  /** Its name at the server. */
  name: string;
  /** What it does, shortened. */
  description: string;
  /** Its tier: what is called at the server runs there, so at least `execute`. */
  tier: Tier;
  /** SHA-256 of all the server says of it, hexadecimal. */
  hash: string;
  /** Whether the model is offered it. */
  state: McpToolState;
};

/** How a server is reached. */
export type McpTransport =
  /** A program that is started in the sandbox. */
  | {
    transport: 'stdio';
    /** The program. */
    command: string;
    /** Its arguments. */
    args: string[];
    /** Names of the environment variables it gets; their values are not told. */
    env: string[];
    /** Folders it may see beside its own. */
    folders: McpFolder[];
    /** Whether it reaches the network. */
    network: boolean;
  }
  /** An address that speaks streamable HTTP. */
  | {
    transport: 'http';
    /** Where, as it is written. */
    url: string;
    /** What scheme, host and port come to, where the address is made of variables. */
    origin?: string | null;
    /** Names of the headers that are sent along, each with the variables that its value is made of; no values. */
    headers: string[];
  }
  /** An address of the older kind, with events one way and requests the other. */
  | {
    transport: 'sse';
    /** Where. */
    url: string;
    /** Names of the headers that are sent along; their values are not told. */
    headers: string[];
  };

/** How far what a server says may be believed. */
export type McpTrust = 'untrusted' | 'trusted';

/** Resources of one call, counted by the host; stored with the call and shown beside it. */
export type Meter = {
  /** Wall time without the time waited for a person or a child agent, microseconds. */
  wall_us?: number;
  /** Time the guest itself was running on a processor, microseconds. */
  cpu_us?: number;
  /** Highest linear memory of the guest, bytes. */
  peak_memory_bytes?: number;
  /** Files opened. */
  files_opened?: number;
  /** Directory entries listed. */
  entries_listed?: number;
  /** Bytes read from files. */
  bytes_read?: number;
  /** Bytes written to files. */
  bytes_written?: number;
  /** Processes started. */
  processes?: number;
  /** User and system time of those processes, microseconds. */
  process_cpu_us?: number;
  /** Other machines that requests were sent to. */
  hosts?: number;
  /** Bytes of bodies sent to them. */
  bytes_sent?: number;
  /** Bytes of bodies received from them. */
  bytes_received?: number;
  /** Time waited for approvals, microseconds. */
  waited_us?: number;
};

/** `safety.approval_mode`: which tiers wait for a person. */
export type Mode = 'auto' | 'ask_for_dangerous' | 'ask_for_writes' | 'ask';

/** Facts about modules. */
export type ModuleEvent =
  /** A module was found and can be called as far as it is granted. */
  | {
    verb: 'loaded';
    /** What it is. */
    module: ModuleView;
  }
  /** A module was found and cannot be used. */
  | {
    verb: 'failed';
    /** Which. */
    module: ModuleId;
    /** Why. */
    problem: Problem;
  }
  /** A capability was granted. */
  | {
    verb: 'granted';
    /** The grant. */
    grant: GrantOp;
    /** When. */
    at: UnixMillis;
  }
  /** Grants of a module were taken back. */
  | {
    verb: 'revoked';
    /** Which. */
    module: ModuleId;
    /** Which capability; all if none. */
    capability?: Capability | null;
  }
  /** A module is gone; its tools answer that they were withdrawn. */
  | {
    verb: 'withdrawn';
    /** Which. */
    module: ModuleId;
  }
  /** A module was switched off or on. */
  | {
    verb: 'switched';
    /** Which. */
    module: ModuleId;
    /** Whether its tools can be called. */
    is_enabled: boolean;
  };

/** A loadable thing: the name of its file without `.wasm`. */
export type ModuleId = string;

/** Wishes about modules. */
export type ModuleOp =
  /** Gives a capability to one binary; answered by [`ModuleEvent::Granted`]. */
  | GrantOp
  /** Takes grants of a module back; answered by [`ModuleEvent::Revoked`]. */
  | {
    verb: 'revoke';
    /** The module. */
    module: ModuleId;
    /** Which capability; all if none. */
    capability?: Capability | null;
  }
  /**
   * Copies a component into the user's tools folder; answered by [`ModuleEvent::Loaded`] or
   * [`ModuleEvent::Failed`]. Grants nothing.
   */
  | {
    verb: 'install';
    /** The file, absolute. */
    path: string;
    /** Replaces a module of that name. */
    is_replacing?: boolean;
  }
  /** Removes a component from the user's tools folder, its grants too; answered by [`ModuleEvent::Withdrawn`]. */
  | {
    verb: 'remove';
    /** The module. */
    module: ModuleId;
  }
  /** Switches a module off or on; answered by [`ModuleEvent::Switched`]. */
  | {
    verb: 'switch';
    /** The module. */
    module: ModuleId;
    /** Whether its tools can be called. */
    is_enabled: boolean;
  }
  /** Looks through the tools folders now; answered by an event for each module that differs. */
  | {
    verb: 'reload';
  };

/** Where a module was found. */
export type ModuleOrigin = 'built_in' | 'user' | 'project' | 'bundle' | 'server';

/** How a module is doing. */
export type ModuleState =
  /** Its tools can be called. */
  | {
    state: 'loaded';
  }
  /** It could not be loaded. */
  | {
    state: 'failed';
    /** Why. */
    problem: Problem;
  }
  /** A person switched it off. */
  | {
    state: 'disabled';
  };

/** A loaded, failed or waiting module. */
export type ModuleView = {
  /** Its id. */
  id: ModuleId;
  /** Where it was found. */
  origin: ModuleOrigin;
  /** The file, if it is one. */
  path?: string | null;
  /** The bundle that brought it, if one did. */
  bundle?: string | null;
  /** SHA-256 of the component, hexadecimal. */
  hash: string;
  /** Size of the component, bytes. */
  size_bytes: number;
  /** How it is doing. */
  state: ModuleState;
  /** Its tools, in the order it lists them. */
  tools: ToolView[];
  /** What it imports, read from its type. */
  requested: Capability[];
  /** What it was granted here. */
  granted: Capability[];
  /** How it differs from the binary that was last granted something, one line each; empty if it does not. */
  differences?: string[];
};

/** A conversation, note or document to be made. */
export type NewConversation = {
  /** Of which sort. */
  kind?: ConversationKind;
  /** The folder its tools work in, absolute; the project's, or the server's, if none. */
  workspace?: string | null;
  /** A title; made from the first words if empty. */
  title?: string;
  /** A model other than the configured one. */
  model?: string | null;
  /** The project it is to belong to. */
  project?: ProjectId | null;
  /** The shared database it is to live in. */
  database?: string | null;
  /** The text of a note or document. */
  body?: string;
};

/** A wish. Taken or rejected at once; what comes of it is told as events. */
export type Op =
  /** About a conversation. */
  | {
    noun: 'conversation';
    op: ConversationOp;
  }
  /** About a turn. */
  | {
    noun: 'turn';
    op: TurnOp;
  }
  /** About an approval. */
  | {
    noun: 'approval';
    op: ApprovalOp;
  }
  /** About an elicitation. */
  | {
    noun: 'elicitation';
    op: ElicitationOp;
  }
  /** About a module. */
  | {
    noun: 'module';
    op: ModuleOp;
  }
  /** About a setting. */
  | {
    noun: 'setting';
    op: SettingOp;
  }
  /** About a rule that was kept. */
  | {
    noun: 'rule';
    op: RuleOp;
  }
  /** About changes of files. */
  | {
    noun: 'checkpoint';
    op: CheckpointOp;
  }
  /** About a database. */
  | {
    noun: 'database';
    op: DatabaseOp;
  }
  /** About a folder people work in. */
  | {
    noun: 'workspace';
    op: WorkspaceOp;
  }
  /** About a tag wherever it is used. */
  | {
    noun: 'tag';
    op: TagOp;
  }
  /** About a folder of conversations. */
  | {
    noun: 'folder';
    op: FolderOp;
  }
  /** About a project. */
  | {
    noun: 'project';
    op: ProjectOp;
  }
  /** About a note or document. */
  | {
    noun: 'text';
    op: TextOp;
  }
  /** About a canvas. */
  | {
    noun: 'canvas';
    op: CanvasOp;
  }
  /** About a web session. */
  | {
    noun: 'session';
    op: SessionOp;
  }
  /** About a bundle. */
  | {
    noun: 'bundle';
    op: BundleOp;
  }
  /** About a process that listens. */
  | {
    noun: 'server';
    op: ServerOp;
  }
  /** About a skill. */
  | {
    noun: 'skill';
    op: SkillOp;
  }
  /** About an MCP server. */
  | {
    noun: 'mcp';
    op: McpOp;
  };

export type OpId = string;

/** One open approval and where it is asked. */
export type OpenApproval = {
  /** The conversation it is shown in. */
  conversation: ConversationId;
  /** The question. */
  approval: Approval;
};

/** Everything a page needs to show a conversation. */
export type OpenedConversation = {
  /** The conversation; it was read first, so follow from its `seq`. */
  conversation: ConversationView;
  items: PageOfItem;
  /** The turns of the items, and the one that runs; oldest first. */
  turns: TurnView[];
  /** Input that waits, next first. */
  queue: QueuedInput[];
  /** Open approvals, oldest first. */
  approvals: Approval[];
  /** Open questions, oldest first. */
  questions: Question[];
  /** The newest version of each canvas. */
  canvases: CanvasView[];
};

/** Who or what produced an item. Every item carries one from the moment it enters. */
export type Origin =
  /** The person at a frontend. */
  | {
    kind: 'person';
  }
  /** The model's own words. */
  | {
    kind: 'model';
  }
  /** The host itself (a summary, a notice). */
  | {
    kind: 'host';
  }
  /** What a tool returned, and how far that can be believed. */
  | {
    kind: 'tool';
    /** The tool's name. */
    tool: string;
    /** The highest distrust among what the tool read to answer. */
    trust: Trust;
  };

/** Which stream of a process a piece of output came from. */
export type OutputStream = 'stdout' | 'stderr' | 'log';

/**
 * What a page may do with a setting: a session is lent to a browser, so it may make things stricter than the person
 * at the machine has them, and never looser.
 */
export type PageMay =
  /** Give it any value: it loosens nothing. */
  | {
    may: 'set';
  }
  /** Give it a lower number, or one where there is none. */
  | {
    may: 'lower';
  }
  /** Give it a higher number, or one where there is none. */
  | {
    may: 'raise';
  }
  /** Choose a stricter word than the one that holds. */
  | {
    may: 'tighten';
    /** All words, from the loosest to the strictest. */
    words: string[];
  }
  /** Add entries to the list. */
  | {
    may: 'add';
  }
  /** Take entries out of the list. */
  | {
    may: 'remove';
  }
  /** Raise tiers of tools. */
  | {
    may: 'raise_tiers';
  }
  /** Take it away. */
  | {
    may: 'reset';
  }
  /** Nothing. */
  | {
    may: 'nothing';
  };

/** One page of a longer list, newest or oldest first as the read says. */
export type PageOfAuditRecord = {
  /** What is on it. */
  entries: AuditRecord[];
  /** Pass this as `before` to get the next page; none on the last. */
  before?: string | null;
  /**
   * Pass this as `after` to get the page of what is newer; none on the newest, and where a list is read one way
   * only.
   */
  after?: string | null;
  /** Where it is in the whole list, if the read tells. */
  place?: PagePlace | null;
};

/** One page of a longer list, newest or oldest first as the read says. */
export type PageOfConversationView = {
  /** What is on it. */
  entries: ConversationView[];
  /** Pass this as `before` to get the next page; none on the last. */
  before?: string | null;
  /**
   * Pass this as `after` to get the page of what is newer; none on the newest, and where a list is read one way
   * only.
   */
  after?: string | null;
  /** Where it is in the whole list, if the read tells. */
  place?: PagePlace | null;
};

/** One page of a longer list, newest or oldest first as the read says. */
export type PageOfItem = {
  /** What is on it. */
  entries: Item[];
  /** Pass this as `before` to get the next page; none on the last. */
  before?: string | null;
  /**
   * Pass this as `after` to get the page of what is newer; none on the newest, and where a list is read one way
   * only.
   */
  after?: string | null;
  /** Where it is in the whole list, if the read tells. */
  place?: PagePlace | null;
};

/** Where a page is in the whole list. */
export type PagePlace = {
  /** Entries before it. */
  start: number;
  /** Entries of the whole list. */
  total: number;
};

/** Something that takes space. */
export type PartView = {
  /** What: a folder such as `backups/`, or a table such as `journal`. */
  name: string;
  /** How much, bytes. */
  bytes: number;
};

/** A password on its way in. It is never shown and never written: what serializes it gets `***`. */
export type Password = string;

/** What in a workspace fits what was typed. */
export type PathHits = {
  /** Relative to the workspace, separated by `/`; folders end with `/`. The best first. */
  paths: string[];
  /**
   * Whether the whole workspace was looked through. If not, asking again in a moment may find more; a tree of
   * more than 200 000 entries is never whole.
   */
  is_whole: boolean;
};

/** What a running turn is doing; the words are the same in every frontend. */
export type Phase =
  /** Reaching the endpoint. */
  | {
    phase: 'connecting';
  }
  /** Connected, no token yet. */
  | {
    phase: 'waiting';
  }
  /** Tokens arrive. */
  | {
    phase: 'streaming';
  }
  /** Tokens have stopped arriving. */
  | {
    phase: 'stalled';
    /** For how long, milliseconds. */
    silent_ms: number;
  }
  /** The request failed and will be tried again. */
  | {
    phase: 'retrying';
    /** The coming attempt, from 1. */
    attempt: number;
    /** How many there will be at most. */
    max: number;
    /** When, milliseconds from now. */
    delay_ms: number;
    /** Why. */
    reason: string;
  }
  /** A tool works. */
  | {
    phase: 'running';
    /** Its name. */
    tool: string;
  }
  /** A person is asked. */
  | {
    phase: 'waiting_for_approval';
  }
  /** The older history is being summarised. */
  | {
    phase: 'compacting';
  };

/** Where a preview is. */
export type Preview = {
  /** Good for one look, within half a minute; for a frame with an empty `sandbox`. */
  path: string;
};

/** Which version. */
export type PreviewOf = {
  /** The newest if none. */
  version?: number | null;
};

/** One step of a test. */
export type ProbeStep = {
  /** `connect`, `models`, `stream` or `tools`. */
  name: string;
  /** How long it took, milliseconds. */
  took_ms: number;
  /** What went wrong, if something did. */
  problem?: Problem | null;
};

/** A failure as shown: `error`, `cause` lines, `hint`. Never carries a secret. */
export type Problem = {
  /** Stable machine name of the kind of failure. */
  code: ProblemCode;
  /** What failed: one line, literals in backticks, no final period. */
  error: string;
  /** Why, outermost first; may be empty. */
  causes?: string[];
  /** The next thing to try, a runnable command where there is one. */
  hint?: string | null;
  /** Whether the same wish may succeed if simply repeated. */
  retryable?: boolean;
};

/** The kinds of failure. Frontends map them to exit codes and HTTP status codes. */
export type ProblemCode = 'invalid_input' | 'not_found' | 'not_configured' | 'invalid_config' | 'endpoint_unreachable' | 'endpoint_timeout' | 'endpoint_auth' | 'endpoint_failed' | 'rate_limited' | 'storage' | 'tool' | 'denied' | 'limit_reached' | 'conflict' | 'internal';

/** Facts about projects, on the host's topic. */
export type ProjectEvent =
  /** It exists, or says something else; this user said so. */
  | {
    verb: 'saved';
    /** What it is. */
    project: ProjectView;
    /** The hash of what it said before; none if it is new. */
    base?: string | null;
  }
  /** What it says takes effect for this user. */
  | {
    verb: 'trusted';
    /** Which. */
    project: ProjectId;
    /** What it says. */
    hash: string;
  }
  /** It is gone. */
  | {
    verb: 'deleted';
    /** Which. */
    project: ProjectId;
    /** The shared database it lived in. */
    database?: string | null;
  };

export type ProjectId = string;

/** Wishes about projects; [`crate::ConversationOp::Assign`] has conversations belong to them. */
export type ProjectOp =
  /**
   * Makes a project, whose id is the op's; answered by [`ProjectEvent::Saved`]. Rejected with
   * [`crate::ProblemCode::Conflict`] if the name is taken.
   */
  | {
    verb: 'create';
    /** What it says. */
    spec: ProjectSpec;
    /** The shared database it is to live in; the personal one if none. */
    database?: string | null;
  }
  /**
   * Changes what it says, for conversations that begin from now on; answered by [`ProjectEvent::Saved`].
   * Rejected with [`crate::ProblemCode::Conflict`] if it is not any more as it was shown.
   */
  | {
    verb: 'change';
    /** Which. */
    project: ProjectId;
    /** [`ProjectView::hash`] as it was shown. */
    base: string;
    /** What it is to say, all of it. */
    spec: ProjectSpec;
  }
  /**
   * Has what it says take effect for this user, as it was shown; answered by [`ProjectEvent::Trusted`]. Rejected
   * with [`crate::ProblemCode::Conflict`] if it has changed since.
   */
  | {
    verb: 'trust';
    /** Which. */
    project: ProjectId;
    /** [`ProjectView::hash`] as it was shown. */
    hash: string;
  }
  /**
   * Takes it away; answered by [`ProjectEvent::Deleted`]. Its conversations stay, belong to no project, and
   * keep what they were told when they began.
   */
  | {
    verb: 'delete';
    /** Which. */
    project: ProjectId;
  };

/** What a person says of a project. */
export type ProjectSpec = {
  /** Its name: 1 to 80 characters, in its database no other has it. */
  name?: string;
  /** What the model is told at the start of its new conversations; at most 32 000 characters. */
  instructions?: string;
  /** The folder its new conversations work in where none is named: absolute. */
  workspace?: string | null;
  /** The model of its new conversations where none is named. */
  model?: string | null;
};

/** A project. */
export type ProjectView = {
  /** Its id. */
  id: ProjectId;
  /** Its name: 1 to 80 characters, in its database no other has it. */
  name?: string;
  /** What the model is told at the start of its new conversations; at most 32 000 characters. */
  instructions?: string;
  /** The folder its new conversations work in where none is named: absolute. */
  workspace?: string | null;
  /** The model of its new conversations where none is named. */
  model?: string | null;
  /** The shared database it lives in; none for the personal one. */
  database?: string | null;
  /** Conversations of people that belong to it. */
  conversations: number;
  /** SHA-256 over what it says, hexadecimal. */
  hash: string;
  /** Whether instructions, workspace and model take effect: this user wrote or accepted them as they are. */
  is_trusted: boolean;
  /** When it was made. */
  created_at: UnixMillis;
  /** When it was last changed. */
  updated_at: UnixMillis;
};

/** One section or one tool definition. */
export type PromptPart = {
  /** Its name. */
  name: string;
  /** Its text. */
  text: string;
  /** Its tokens. */
  tokens: number;
};

/** The fixed part of every request, exactly as it would be sent. */
export type PromptReport = {
  /** The sections of the system prompt in their order. */
  sections: PromptPart[];
  /** The tool definitions in their order, as JSON. */
  tools: PromptPart[];
  /** All tokens together, by the tokenizer that requests are estimated with. */
  tokens: number;
};

/** The answer of whoever knows the tab. */
export type Proven = {
  /** What passes for this server are made with. */
  boot: string;
  /** HMAC-SHA256 in hex, by what the host keeps of the tab, of the address, `boot` and `nonce`. */
  proof: string;
};

/** One open question of a tool. */
export type Question = {
  /** Its id. */
  id: ElicitationId;
  /** The turn that waits. */
  turn: TurnId;
  /** The call that asks. */
  item: ItemId;
  /** The name of the child agent that asks, if it is not the conversation's own. */
  agent?: string | null;
  /** The question. */
  text: string;
  /** Choices; empty for a free answer. */
  options?: string[];
  /** Whether several options may be chosen. */
  is_multiple?: boolean;
  /** Who asks, if it is an MCP server: its words are from outside. */
  server?: string | null;
  /** What is to be filled in, in order; empty where `options` or a free answer is asked for. */
  form?: FormField[];
  /** When silence becomes "not answered". */
  expires_at: UnixMillis;
};

/** Input that waits behind a running turn. */
export type QueuedInput = {
  /** The turn it will become. */
  turn: TurnId;
  /** The input. */
  input: Content[];
  /** Whether the process it waited in has ended: it runs only once somebody releases it. */
  is_held?: boolean;
};

/** What became of a question. */
export type Resolution =
  /** Somebody or a rule said yes. */
  | {
    resolution: 'allowed';
    /** How long it holds. */
    scope: Scope;
  }
  /** Somebody or the policy said no. */
  | {
    resolution: 'denied';
    /** Told to the model. */
    reason?: string | null;
  }
  /** Nobody answered in time, or nobody was there to ask. Counts as no, and is told as what it is. */
  | {
    resolution: 'not_answered';
  };

/** Facts about rules. */
export type RuleEvent =
  /** A rule was kept; one with the same words and place is replaced. */
  | {
    verb: 'kept';
    /** The rule. */
    rule: RuleView;
  }
  /** A rule was taken back. */
  | {
    verb: 'revoked';
    /** The rule. */
    rule: string;
    /** The folder it held in; everywhere if none. */
    workspace?: string | null;
  };

/** Wishes about rules. */
export type RuleOp =
  /** Takes a rule back, in every running conversation too; answered by [`RuleEvent::Revoked`]. */
  | {
    verb: 'revoke';
    /** As it was kept. */
    rule: string;
    /** The folder it was kept for; everywhere if none. */
    workspace?: string | null;
  };

/** A permission that is kept in the database until it ends or is revoked. */
export type RuleView = {
  /** In the notation of `--allowed-tools`, for example `bash:cargo test *`. */
  rule: string;
  /** The absolute folder it holds in; everywhere if none. */
  workspace?: string | null;
  /** When it was given. */
  created_at: UnixMillis;
  /** When it ends, if it does. */
  expires_at?: UnixMillis | null;
  /** When it last let a call through, if one is known; of conversations in the personal database. */
  used_at?: UnixMillis | null;
};

/** How long an approval holds. */
export type Scope = 'once' | 'session' | 'always';

/** One scope that may be chosen, with the rule it would remember. */
export type ScopeOffer = {
  /** The scope. */
  scope: Scope;
  /** The rule in the notation of `--allowed-tools`, for example `bash:cargo test *`; none for `once`. */
  rule?: string | null;
};

/** One place where a search found its words. */
export type SearchHit = {
  /** The conversation. */
  conversation: ConversationId;
  /** Its title. */
  title: string;
  /** What sort it is. */
  kind?: ConversationKind;
  /** The message; none where the words are in the title, or in the text of a note or document. */
  item?: ItemId | null;
  /** The words with some context; matches between U+0002 and U+0003. */
  snippet: string;
};

/** Position of an event in its topic: starts at 1 and rises by one. `Seq(0)` means "from the start". */
export type Seq = number;

/** Wishes about servers. */
export type ServerOp =
  /**
   * Says that this process listens now; [`crate::Reads::servers`] has it until the process ends, however it ends.
   * Said again, the newer address holds. Nothing is told.
   */
  | {
    verb: 'announce';
    /** Where its page is. */
    url: string;
  }
  /**
   * Asks a server to end in order, in whichever process it is: there [`crate::HostHandle::asked_to_end`] is raised.
   * Rejected with [`crate::ProblemCode::NotFound`] if there is none. Nothing is told.
   */
  | {
    verb: 'end';
    /** The process. */
    pid: number;
  };

/** A process that listens. */
export type ServerView = {
  /** The process. */
  pid: number;
  /** Where its page is, for example `http://127.0.0.1:8080/`. */
  url: string;
  /** Since when. */
  started_at: UnixMillis;
  /** The program's version. */
  version: string;
};

/** A browser that is signed in. */
export type SessionEntry = {
  /** Its id. */
  id: SessionId;
  /** What it calls itself, for example the browser's name. */
  label: string;
  /** How it was opened. */
  how: SessionHow;
  /** When it was opened. */
  opened_at: UnixMillis;
  /** When it was last used, within a few minutes. */
  used_at: UnixMillis;
  /** When it ends unless it is used before; never later than `app.session_days` after its beginning. */
  ends_at: UnixMillis;
  /** Whether it is the one that asks. */
  is_current: boolean;
};

/** Facts about web sessions, on the host's topic. */
export type SessionEvent =
  /** A browser is signed in. */
  | {
    verb: 'opened';
    /** The session. */
    session: SessionView;
  }
  /** It is signed out. One that merely ran out is not told. */
  | {
    verb: 'ended';
    /** Which. */
    session: SessionId;
  };

/** How a session was opened. */
export type SessionHow = 'launch' | 'password';

export type SessionId = string;

/** Wishes about web sessions. */
export type SessionOp =
  /**
   * Lets whoever shows the token within 60 seconds open one session, at whichever process of this installation.
   * Nothing is told.
   */
  | {
    verb: 'invite';
    /** The token's hash. */
    hash: string;
  }
  /**
   * Opens a session, whose id is the op's; answered by [`SessionEvent::Opened`]. Rejected with
   * [`crate::ProblemCode::Denied`] if the token is unknown, used or too old, or the password is wrong or there
   * is none.
   */
  | {
    verb: 'open';
    /** What is shown. */
    way: SessionWay;
    /** The cookie's hash. */
    cookie_hash: string;
    /** The hash of the first tab's secret. */
    tab_hash: string;
    /** What the browser calls itself; cut to 120 characters. */
    label?: string;
    /** Address and port of a listener without TLS: see [`SessionOp::Attend`]. None with TLS. */
    place?: string | null;
  }
  /**
   * Says that the listener of sessions that were opened at this place is there, every minute or so. Where it says
   * that it has just begun and nobody was there for five minutes, somebody else may have been, and shown what
   * browsers send: the place's sessions end, each answered by [`SessionEvent::Ended`].
   */
  | {
    verb: 'attend';
    /** Address and port, as in [`SessionOp::Open`]. */
    place: string;
    /** Whether it has just begun. */
    is_new: boolean;
  }
  /** Lets another tab of the same browser in. Nothing is told. Of more than 64 the oldest is forgotten. */
  | {
    verb: 'tab';
    /** Which session. */
    session: SessionId;
    /** The hash of the tab's secret. */
    tab_hash: string;
  }
  /** Says that it was used; stored every few minutes at most, nothing is told. */
  | {
    verb: 'used';
    /** Which. */
    session: SessionId;
  }
  /** Ends one; answered by [`SessionEvent::Ended`]. One that has ended already is no mistake. */
  | {
    verb: 'end';
    /** Which. */
    session: SessionId;
  }
  /** Ends all, and makes launch tokens void; answered by [`SessionEvent::Ended`] for each. */
  | {
    verb: 'end_all';
  }
  /**
   * Sets the password of sessions, or takes it away: writes `app.password_hash` into the user's config file.
   * Answered by [`crate::SettingEvent::Changed`]. Sessions that were opened with a password end.
   */
  | {
    verb: 'set_password';
    /** The new one, 12 characters at least; none: no session is opened with a password any more. */
    password?: Password | null;
  };

/** A browser that is signed in. */
export type SessionView = {
  /** Its id. */
  id: SessionId;
  /** What it calls itself, for example the browser's name. */
  label: string;
  /** How it was opened. */
  how: SessionHow;
  /** When it was opened. */
  opened_at: UnixMillis;
  /** When it was last used, within a few minutes. */
  used_at: UnixMillis;
  /** When it ends unless it is used before; never later than `app.session_days` after its beginning. */
  ends_at: UnixMillis;
};

/** What somebody shows who wants a session. */
export type SessionWay =
  /** A launch token that [`SessionOp::Invite`] announced; it is used up by this. */
  | {
    way: 'launch';
    /** The token's hash. */
    hash: string;
  }
  /** The password. The host itself compares it with `app.password_hash`; no frontend can vouch for it. */
  | {
    way: 'password';
    /** As it was typed. */
    password: Password;
  };

/** Facts about settings. */
export type SettingEvent =
  /** A value in the user's config file changed. */
  | {
    verb: 'changed';
    /** Dotted name. */
    key: string;
  }
  /** The whole config file of the user was replaced. */
  | {
    verb: 'replaced';
    /** The settings that have another value now; none if only comments or the order changed. */
    keys: string[];
  };

/** Wishes about settings. */
export type SettingOp =
  /**
   * Writes one value into the user's config file, keeping comments and order; answered by
   * [`SettingEvent::Changed`].
   */
  | {
    verb: 'change';
    /** Dotted name. */
    key: string;
    /** The new value. */
    value: unknown;
  }
  /** Removes one value from the user's config file; answered by [`SettingEvent::Changed`]. */
  | {
    verb: 'reset';
    /** Dotted name. */
    key: string;
  }
  /**
   * Replaces the whole text of the user's config file; answered by [`SettingEvent::Replaced`]. Rejected with
   * [`crate::ProblemCode::InvalidConfig`] if it cannot be understood, and with
   * [`crate::ProblemCode::Conflict`] if the file is not as it was any more. There is no read of the text: it
   * may hold a secret, so whoever edits it opens the file.
   */
  | {
    verb: 'replace';
    /** The new text, YAML. */
    text: string;
    /** The text it was made from; empty if there was no file. */
    was: string;
  };

/** Where a value comes from; later ones win. */
export type SettingOrigin =
  /** Nobody set it. */
  | {
    origin: 'default';
  }
  /** The user's config file. */
  | {
    origin: 'user';
    /** The file. */
    path: string;
    /** Counted from 1. */
    line: number;
  }
  /** A bundle that is installed; it may only make settings stricter. */
  | {
    origin: 'bundle';
    /** Its name. */
    name: string;
  }
  /** The project's config file. */
  | {
    origin: 'project';
    /** The file. */
    path: string;
    /** Counted from 1. */
    line: number;
  }
  /** An environment variable. */
  | {
    origin: 'environment';
    /** Its name. */
    name: string;
  }
  /** A command-line flag. */
  | {
    origin: 'flag';
    /** Its name. */
    name: string;
  };

/** One setting with its effective value. A secret's value is masked. */
export type SettingView = {
  /** Dotted name, for example `ai.base_url`. */
  key: string;
  /** What holds now. */
  value: unknown;
  /** What would hold if nobody set it. */
  default: unknown;
  /** Where the value comes from. */
  origin: SettingOrigin;
  /** One line on what it does. */
  doc: string;
  /** The environment variable that sets it, if there is one. */
  environment?: string | null;
  /** Whether the value is a secret, and therefore masked. */
  is_secret: boolean;
  /**
   * What a frontend that others may reach, such as a page, may do with it. For the rest there is the terminal and
   * the file.
   */
  page?: PageMay;
  /** Whether `${NAME}` in it is text. In all others it is the variable of the host's environment. */
  is_literal?: boolean;
  /** Whether it is read at the start only: a change takes effect when the program is started again. */
  is_read_at_start?: boolean;
};

/** All settings, and what is wrong with what was written. */
export type SettingsReport = {
  /** The user's config file, existing or not. */
  path: string;
  /** In the order of the reference. */
  settings: SettingView[];
  /** Unknown keys, wrong types, clamped numbers: each with file, line and column. */
  warnings: Problem[];
};

/** What a follower receives. */
export type Signal =
  /** A fact, in order, each once. */
  | {
    signal: 'event';
    /** The fact with its place. */
    envelope: Envelope;
  }
  /** A preview. */
  | {
    signal: 'delta';
    /** The preview. */
    delta: Delta;
  }
  /**
   * Something was stored in a conversation, or it was opened: its view is another one. On [`Topic::Host`] only, a
   * hint that may be dropped, and of several in a row one may be told. Never stored.
   */
  | {
    signal: 'stirred';
    /** Which. */
    conversation: ConversationId;
  }
  /** The follower was too slow and facts were not kept for it: follow again after `resume`. */
  | {
    signal: 'lagged';
    /** The last fact delivered. */
    resume: Seq;
  }
  /** What could not be stored, above all that nothing can be stored. Never replayed. */
  | {
    signal: 'trouble';
    /** The turn that ended because of it, if one did. */
    turn?: TurnId | null;
    /** What is wrong. */
    problem: Problem;
  };

/** Something about a skill's file. */
export type SkillFinding = {
  /** The file. */
  path: string;
  /** The line in it, from 1, if it is about one. */
  line?: number | null;
  /** Whether the skill cannot be used because of it. */
  is_error: boolean;
  /** What is found, in plain words. */
  text: string;
};

/** Wishes about skills. Their files are changed when the wish was taken. */
export type SkillOp =
  /** Makes a folder with a `SKILL.md` to be filled in. Rejected if there is something in its place. */
  | {
    verb: 'new';
    /** Its name: small letters, digits and `-`, 64 at most. */
    name: string;
    /** When to use it and what it does. */
    description?: string;
    /** The instructions; a frame to be filled in without any. */
    body?: string | null;
    /** Make it in this folder, in `.anteroom/skills`; the user's own without one. */
    workspace?: string | null;
  }
  /** Removes a skill with all its files: one of the user's own, or of a workspace's `.anteroom/skills`. */
  | {
    verb: 'remove';
    /** Its name. */
    name: string;
    /** Of this folder; the user's own without one. */
    workspace?: string | null;
  };

/** Where a skill was found. */
export type SkillOrigin =
  /** The user's own skills folder. */
  | {
    kind: 'user';
  }
  /**
   * A folder of the workspace: `.anteroom/skills`, `.agents/skills` or `.claude/skills`. These are the words of
   * the workspace, not of the user.
   */
  | {
    kind: 'project';
  }
  /** A bundle brought it. */
  | {
    kind: 'bundle';
    /** The bundle's name. */
    bundle: string;
  }
  /** It came with the program. */
  | {
    kind: 'built_in';
  };

/** A skill as it was taken up. */
export type SkillUse = {
  /** Where it was found. */
  origin: SkillOrigin;
  /** Its file; none if it came with the program. */
  path?: string | null;
  /** What the model reads: the instructions, filled in; secrets are masked. */
  text: string;
  /** The only tools that may be called from then on in the turn, as it names them; all if it says nothing. */
  allowed_tools?: string[] | null;
};

/** One skill, or a file that was to be one. */
export type SkillView = {
  /** Its name; of a file that cannot be read what the file would be called. */
  name: string;
  /** When to use it and what it does. */
  description: string;
  /** Where it was found. */
  origin: SkillOrigin;
  /** Its file, absolute; none if it came with the program. */
  path?: string | null;
  /** What is given to it, for people, for example `[file] [question]`. */
  argument_hint?: string | null;
  /** The only tools that may be called once it is taken up, as it names them; all if it says nothing. */
  allowed_tools?: string[] | null;
  /** Whether the model is told of it and may take it up. */
  is_for_model: boolean;
  /** Whether people call it; the others are for the model alone. */
  is_for_people: boolean;
  /** Whether it can be called: its file is in order, and no other of its name comes first. */
  is_usable: boolean;
  /** Of those of its name another one counts: where that lies. */
  shadowed_by?: string | null;
  /** What was found about its file, errors first. */
  findings?: SkillFinding[];
  /** The files beside it, relative to its folder and sorted. Only in the view of one skill. */
  files?: string[];
  /** The instructions as they are written. Only in the view of one skill. */
  body?: string | null;
};

/**
 * What one model used for one project on one day. Of deleted conversations nothing is known any more but their share
 * in the day's budget.
 */
export type SpendingRow = {
  /** When the day began, in UTC. */
  day: UnixMillis;
  /** The model that was asked; empty if nobody knows any more. */
  model: string;
  /** The project its conversations belong to now; child agents count for their root's. */
  project?: ProjectId | null;
  /** That project's name; empty without one. */
  project_name: string;
  /** Requests to the model. */
  requests: number;
  /** Tokens and cost. */
  usage: Usage;
};

/** What a page begins with. */
export type Start = {
  /** The program's version. */
  version: string;
  /** Where the page came from: scheme, name and port. */
  server: string;
  /** The folder work is done in: the one asked for, or the server's if that is not there any more. */
  workspace: string;
  /** The user's home folder, to shorten paths by. */
  home?: string | null;
  /** The newest event of the host's topic; follow from here. */
  seq: Seq;
  /** Whether there is a model endpoint to talk to. */
  is_configured: boolean;
  /** The configured model, if there is one. */
  model?: string | null;
  /** Which calls wait for an approval. */
  mode: Mode;
  /** Name and port of the model endpoint. */
  endpoint?: string | null;
  /** What is written in the config and does not count as written, or keeps tools from running, one line each. */
  warnings: string[];
  /** Values of a few settings that the page goes by, by their names. */
  settings: Record<string, unknown>;
  /** The theme that was chosen in this browser: `light` or `dark`. */
  theme?: string | null;
};

/** How far an item has come. */
export type Status = 'pending' | 'running' | 'completed' | 'failed' | 'denied' | 'interrupted';

/** What is kept of a model request besides the items that came of it, so that the turn can be run again. */
export type StepRecord = {
  /** SHA-256 of the request's messages, tools and model, hexadecimal. */
  request: string;
  /** Why the model stopped: `stop`, `tool_calls`, `length`, `refusal`, or what the endpoint said. */
  finish: string;
  /** The model that was asked. */
  model?: string;
  /** Names of the tools that were offered, in their order. */
  tools?: string[];
};

/** Why a turn ended. */
export type StopReason =
  /** The agent had nothing more to do. */
  | {
    reason: 'end_turn';
  }
  /** The step limit was reached; a closing summary was asked for. */
  | {
    reason: 'max_steps';
  }
  /** The endpoint cut the answer at its token limit. */
  | {
    reason: 'max_tokens';
  }
  /** The model refused. */
  | {
    reason: 'refusal';
  }
  /** A person cancelled. */
  | {
    reason: 'cancelled';
  }
  /** The process ended before the turn did; found at the next start. */
  | {
    reason: 'interrupted';
  }
  /** A budget is used up. */
  | {
    reason: 'budget';
    /** Which, and what to do, in words. */
    text: string;
  }
  /** It could not go on. */
  | {
    reason: 'failed';
    /** Why. */
    problem: Problem;
  };

/** Another tab's secret. */
export type Tab = {
  /** For the header `X-Anteroom-Tab`. */
  tab: string;
};

/** Facts about tags, on the host's topic. */
export type TagEvent =
  /** Every conversation that had the one has the other. */
  | {
    verb: 'renamed';
    /** As it was called. */
    tag: string;
    /** As it is called. */
    to: string;
  }
  /** No conversation has it any more. */
  | {
    verb: 'deleted';
    /** The tag. */
    tag: string;
  };

/**
 * Wishes about a tag wherever it is used; [`crate::ConversationOp::Tag`] gives and takes it.
 *
 * A shared database that can only be read keeps what it has.
 */
export type TagOp =
  /**
   * Calls a tag otherwise; answered by [`TagEvent::Renamed`]. Rejected with [`crate::ProblemCode::NotFound`] if
   * nothing has it, and with [`crate::ProblemCode::Conflict`] if something has the new one and it is not merging.
   */
  | {
    verb: 'rename';
    /** As it is called. */
    tag: string;
    /** As it is to be called. */
    to: string;
    /** Whether the new name may be in use: both become one. */
    is_merging?: boolean;
  }
  /** Takes a tag from every conversation; answered by [`TagEvent::Deleted`]. The conversations stay. */
  | {
    verb: 'delete';
    /** The tag. */
    tag: string;
  };

/** A tag and how often it is used. */
export type TagView = {
  /** The tag. */
  name: string;
  /** Conversations that have it, in all databases. */
  conversations: number;
};

/** The wish was taken. */
export type Taken = {
  /** Its id, which is also the id of what it creates. */
  op: OpId;
};

/** Facts about notes and documents. */
export type TextEvent =
  /** It has a new version. */
  | {
    verb: 'saved';
    /** The version. */
    text: TextView;
  };

/** Wishes about notes and documents. */
export type TextOp =
  /**
   * Begins one, whose id is the op's, with version 1; answered by [`crate::ConversationEvent::Opened`] and
   * [`TextEvent::Saved`] on its own topic.
   */
  | {
    verb: 'open';
    /** Note or document. */
    kind: ConversationKind;
    /** Its title; the first words of the text if empty. */
    title?: string;
    /** The text. */
    body?: string;
    /** Where the person is at work: absolute. */
    workspace: string;
    /** The project it belongs to. */
    project?: ProjectId | null;
    /** The shared database it is to live in; the project's, or the personal one, if none. */
    database?: string | null;
  }
  /**
   * Writes the next version; answered by [`TextEvent::Saved`]. The same words again are no new version and no
   * event. Rejected with [`crate::ProblemCode::Conflict`] if somebody else has written since `base_version`:
   * then nothing is stored, and both texts can be read and brought together.
   */
  | {
    verb: 'write';
    /** Which. */
    conversation: ConversationId;
    /** The version that was changed. */
    base_version: number;
    /** The whole text. */
    body: string;
  }
  /** Brings an earlier version back as the next one; answered by [`TextEvent::Saved`]. Rejected as a write is. */
  | {
    verb: 'restore';
    /** Which. */
    conversation: ConversationId;
    /** The newest version as it was shown. */
    base_version: number;
    /** The version to bring back. */
    version: number;
  };

/** One version of a text, without its words. */
export type TextVersion = {
  /** Counted from 1. */
  version: number;
  /** When it was written. */
  updated_at: UnixMillis;
  /** Who wrote it. */
  author?: string | null;
  /** The version it was taken from, if an earlier one was brought back. */
  restored_from?: number | null;
  /** Bytes of its words. */
  size_bytes: number;
};

/** One version of a text, with its words. */
export type TextView = {
  /** The note or document. */
  conversation: ConversationId;
  /** Counted from 1. */
  version: number;
  /** The text, Markdown. */
  body: string;
  /** When it was written. */
  updated_at: UnixMillis;
  /** Who wrote it. */
  author?: string | null;
  /** The version it was taken from, if an earlier one was brought back. */
  restored_from?: number | null;
};

/** Risk of a call or an effect, from harmless to irreversible. Ordered: a higher tier includes more risk. */
export type Tier = 'read' | 'write' | 'execute' | 'destructive';

/** A call of a tool: what the model asked for, what was decided, what came of it. */
export type ToolCall = {
  /** The id the model gave the call. */
  call: string;
  /** The tool's name. */
  tool: string;
  /** Arguments as the model sent them; a JSON object unless it was malformed. */
  arguments: unknown;
  /** The highest tier the call has reached. */
  tier: Tier;
  /** What the gate or a person decided, in order; empty while nothing had to be decided. */
  decisions?: CallDecision[];
  /** The outcome, once there is one. */
  result?: ToolResult | null;
  /** What the call used, once it has ended. */
  meter?: Meter | null;
  /** The conversation of the child agent the call started, if it did. */
  child?: ConversationId | null;
};

/** One part of a tool's result. */
export type ToolContent =
  /** Text for the model and the person. */
  | {
    type: 'text';
    /** UTF-8 text. */
    text: string;
  }
  /** Structured data. */
  | {
    type: 'json';
    /** Any JSON value. */
    value: unknown;
  }
  /** An image. */
  | {
    type: 'image';
    /** For example `image/png`. */
    media_type: string;
    /** Base64 of the file. */
    data: string;
  }
  /** A change of one file, as a unified diff. Shown to the person; the model gets its text. */
  | {
    type: 'diff';
    /** The file, relative to the workspace. */
    path: string;
    /** Unified diff with three lines of context. */
    unified: string;
    /** Lines added. */
    added: number;
    /** Lines removed. */
    removed: number;
  };

/** The outcome of a call. A failed tool is data for the model, never a failed turn. */
export type ToolResult = {
  /** Whether the tool failed, was denied or was cut off. */
  is_error: boolean;
  /** What it returned. */
  content: ToolContent[];
};

/** A tool as its module describes it. */
export type ToolView = {
  /** The name the model calls it by. */
  name: string;
  /** What the model is told. */
  description: string;
  /** JSON Schema of its arguments object. */
  input_schema: unknown;
  /** The tier it declares. */
  tier: Tier;
};

/** What an event is about, and what can be followed. */
export type Topic =
  /** Everything that belongs to no single conversation. */
  | {
    topic: 'host';
  }
  /** One conversation. */
  | {
    topic: 'conversation';
    id: ConversationId;
  };

/** How far content may be believed. Ordered: a higher value is believed less. */
export type Trust = 'user' | 'workspace' | 'untrusted';

/** Facts about turns. */
export type TurnEvent =
  /** The input waits behind the running turn. */
  | {
    verb: 'queued';
    /** The input. */
    queued: QueuedInput;
  }
  /** The waiting input was taken back. */
  | {
    verb: 'unqueued';
    /** The turn it would have become. */
    turn: TurnId;
  }
  /** The waiting input says something else; its place is the same. */
  | {
    verb: 'reworded';
    /** The input as it is now. */
    queued: QueuedInput;
  }
  /** The waiting input has another place. */
  | {
    verb: 'reordered';
    /** The waiting turn. */
    turn: TurnId;
    /** The waiting turn it runs before now; none if it runs last. */
    ahead_of?: TurnId | null;
  }
  /** The turn runs. */
  | {
    verb: 'started';
    /** Its id. */
    turn: TurnId;
    /** What holds for it. */
    options?: TurnOptions;
  }
  /** A model request is about to be made ("thinking"). */
  | {
    verb: 'step_started';
    /** The turn. */
    turn: TurnId;
    /** Counted from 1. */
    step: number;
  }
  /** A model request and its calls are done. */
  | {
    verb: 'step_ended';
    /** The turn. */
    turn: TurnId;
    /** Counted from 1. */
    step: number;
    /** Its tokens. */
    usage: Usage;
    /** What a replay needs of it and no item has; none if nothing was asked. */
    record?: StepRecord | null;
  }
  /** The turn is over. */
  | {
    verb: 'ended';
    /** The turn. */
    turn: TurnId;
    /** Why. */
    stop: StopReason;
    /** Tokens of all its steps. */
    usage: Usage;
  };

export type TurnId = string;

/** Wishes about turns. */
export type TurnOp =
  /**
   * Gives input to a conversation; starts a turn whose id is the op's, or queues it behind the one that
   * runs. Answered by [`TurnEvent::Queued`] or [`TurnEvent::Started`].
   */
  | {
    verb: 'start';
    /** Where. */
    conversation: ConversationId;
    /** The input; at least one part. */
    input: Content[];
    /** What holds for this turn only. */
    options?: TurnOptions;
  }
  /**
   * Makes one call as a person, without a model: a turn of its own, whose id is the op's, with an item that
   * says what was asked and the call. Everything that holds for a model's call holds for it: gate, approvals,
   * copies, budget, audit. Rejected with [`crate::ProblemCode::Conflict`] while a turn runs, and with
   * [`crate::ProblemCode::InvalidInput`] if the arguments are not an object; a tool that does not exist is a
   * failed call. Answered by [`TurnEvent::Started`].
   */
  | {
    verb: 'call';
    /** Where. */
    conversation: ConversationId;
    /** The tool's name. */
    tool: string;
    /** Its arguments, a JSON object. */
    arguments: unknown;
    /** What holds for it; steps and model mean nothing here, except to a child agent. */
    options?: TurnOptions;
  }
  /** Adds input to a running turn before its next step; answered by an item event. */
  | {
    verb: 'steer';
    /** The running turn. */
    turn: TurnId;
    /** The input. */
    input: Content[];
  }
  /** Ends a running turn at once; answered by [`TurnEvent::Ended`]. */
  | {
    verb: 'cancel';
    /** The running turn. */
    turn: TurnId;
  }
  /** Takes back input that still waits in the queue; answered by [`TurnEvent::Unqueued`]. */
  | {
    verb: 'unqueue';
    /** The waiting turn. */
    turn: TurnId;
  }
  /**
   * Changes the words of input that waits; it keeps its place. Rejected with
   * [`crate::ProblemCode::NotFound`] once it waits no more. Answered by [`TurnEvent::Reworded`].
   */
  | {
    verb: 'reword';
    /** The waiting turn. */
    turn: TurnId;
    /** The new input; at least one part. */
    input: Content[];
  }
  /**
   * Moves input that waits to another place; rejected as [`TurnOp::Reword`] is. Answered by
   * [`TurnEvent::Reordered`].
   */
  | {
    verb: 'reorder';
    /** The waiting turn. */
    turn: TurnId;
    /** The waiting turn it is to run before; none to run last. */
    ahead_of?: TurnId | null;
  }
  /**
   * Runs input that is held because the process it waited in has ended, or queues it behind the turn that
   * runs; the turn keeps its id. Answered by [`TurnEvent::Started`] or [`TurnEvent::Queued`].
   */
  | {
    verb: 'release';
    /** The held turn. */
    turn: TurnId;
    /** What holds for it; what it was given with is not kept. */
    options?: TurnOptions;
  };

/** What holds for one turn only. */
export type TurnOptions = {
  /** A model other than the conversation's. */
  model?: string | null;
  /** An approval mode other than the configured one. */
  mode?: Mode | null;
  /** Rules allowed in advance, in the notation of `--allowed-tools`. */
  allowed_tools?: string[];
  /** Offers the model no tools at all. */
  is_without_tools?: boolean;
  /** Fewer steps than `cli.max_tool_iterations`. */
  max_steps?: number | null;
  /** Plans first: nothing above the read tier until a person has approved the plan. */
  is_plan?: boolean;
  /** Whether somebody can answer approvals and questions of this turn. Without, they are refused at once. */
  is_attended?: boolean;
  /**
   * The input is nobody's own words (a program's output, a file): `@` in it is only a sign, see
   * [`crate::attachment`].
   */
  is_verbatim?: boolean;
};

/** A turn without its items. */
export type TurnView = {
  /** Its id. */
  id: TurnId;
  /** Where it belongs. */
  conversation: ConversationId;
  /** When it started. */
  started_at: UnixMillis;
  /** When it ended, if it has. */
  ended_at?: UnixMillis | null;
  /** Why it ended, if it has. */
  stop?: StopReason | null;
  /** Tokens of all its steps, its child agents' not included. */
  usage: Usage;
  /** How full the context was: tokens of the request and the answer of its newest step. None before one has ended. */
  context_tokens?: number | null;
};

/** A password. */
export type Typed = {
  /** As it was typed. */
  password: Password;
};

/** What became of one file. */
export type UndoneFile = {
  /** The file, absolute. */
  path: string;
} & (
  /** It has its earlier content again. */
  | {
    outcome: 'restored';
  }
  /** It is gone again. */
  | {
    outcome: 'removed';
  }
  /** It was left as it is. */
  | {
    outcome: 'skipped';
    /** Why, in words. */
    reason: string;
  });

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type UnixMillis = number;

/** Tokens as told by the endpoint, or estimated where it tells nothing. */
export type Usage = {
  /** Tokens of the requests. */
  prompt_tokens?: number;
  /** Tokens of the answers. */
  completion_tokens?: number;
  /** Of the requests' tokens, those the endpoint had cached. */
  cached_tokens?: number;
  /** What they cost, in millionths of the currency that `ai.prices` is in; 0 without prices. */
  cost_micros?: number;
  /** Whether any part of this is an estimate. */
  is_estimated?: boolean;
};

/** Facts about folders, on the host's topic. */
export type WorkspaceEvent =
  /** A folder is trusted. */
  | {
    verb: 'trusted';
    /** The folder. */
    path: string;
    /** What it held. */
    hash: string;
  }
  /** A folder is not trusted any more. */
  | {
    verb: 'distrusted';
    /** The folder. */
    path: string;
  };

/** Wishes about folders. */
export type WorkspaceOp =
  /** Trusts a folder as it was shown; answered by [`WorkspaceEvent::Trusted`]. */
  | {
    verb: 'trust';
    /** The folder. */
    path: string;
    /** [`WorkspaceView::hash`] as it was shown. */
    hash: string;
  }
  /** Takes that back; answered by [`WorkspaceEvent::Distrusted`]. */
  | {
    verb: 'distrust';
    /** The folder. */
    path: string;
  };

/** How far a folder is trusted. */
export type WorkspaceTrust = 'unknown' | 'changed' | 'trusted';

/** A folder and what trusting it means. */
export type WorkspaceView = {
  /** Absolute and canonical. */
  path: string;
  /** Whether its own config and tools count, as they are now. */
  trust: WorkspaceTrust;
  /** SHA-256 over everything in it that would take effect, hexadecimal. */
  hash: string;
  /** What would take effect, one line each; empty if there is nothing to trust. */
  holds: string[];
  /** Names of the settings among it; all that could be where its config file cannot be read. */
  settings?: string[];
  /** What kinds of projects it looks like, for example `Rust`. */
  kinds?: string[];
  /** Paths of the instructions files that are used for work in it, the nearest first. */
  instructions?: string[];
};

/** Every route: what it takes and what it answers. */
export interface Routes {
  /** Everything a page needs before it shows anything. */
  'GET /api/start': { query: { workspace?: string | null }; answer: Start };
  /** Take a wish; what comes of it is told as events. */
  'POST /api/ops': { body: Op; answer: Taken };
  /** Follow topics: what is stored, and previews of it. */
  'GET /api/events': { query: { follow?: string[] }; answer: Blob };
  /** JSON Schema of wishes and signals. */
  'GET /api/schema/events': { answer: unknown };
  /** This description of the API. */
  'GET /api/openapi.json': { answer: unknown };
  /** Conversations, notes and documents, most recently used first. */
  'GET /api/conversations': {
    query: { before?: string | null; limit?: number | null; kind?: ConversationKind[]; tag?: string | null; folder?: FolderId | null; deep?: boolean; project?: ProjectId | null; pinned?: boolean; words?: string | null };
    answer: PageOfConversationView;
  };
  /** Begin a conversation, note or document. */
  'POST /api/conversations': { body: NewConversation; answer: ConversationView };
  /** A conversation without its items. */
  'GET /api/conversations/{id}': { path: { id: ConversationId }; answer: ConversationView };
  /** Rename, pin, tag or move it. */
  'PATCH /api/conversations/{id}': {
    path: { id: ConversationId };
    body: ConversationChanges;
    answer: ConversationView;
  };
  /** Delete it with all that belongs to it. */
  'DELETE /api/conversations/{id}': { path: { id: ConversationId }; answer: Taken };
  /** Everything a page needs to show it. */
  'GET /api/conversations/{id}/open': {
    path: { id: ConversationId };
    query: { limit?: number | null; around?: ItemId | null };
    answer: OpenedConversation;
  };
  /** Items of a conversation, oldest first, with their turns. */
  'GET /api/conversations/{id}/items': {
    path: { id: ConversationId };
    query: { before?: string | null; after?: string | null; around?: ItemId | null; limit?: number | null };
    answer: ItemsPage;
  };
  /** Files that its calls changed, newest first. */
  'GET /api/conversations/{id}/changes': { path: { id: ConversationId }; answer: ChangeView[] };
  /** What separates files from what they were. */
  'GET /api/conversations/{id}/diff': {
    path: { id: ConversationId };
    query: { turn?: TurnId | null; call?: ItemId | null; before?: ItemId | null };
    answer: FileDiff[];
  };
  /** What would be sent before the first word. */
  'GET /api/conversations/{id}/prompt': { path: { id: ConversationId }; answer: PromptReport };
  /** Search in its messages; best first. */
  'GET /api/conversations/{id}/search': {
    path: { id: ConversationId };
    query: { q: string; limit?: number | null };
    answer: SearchHit[];
  };
  /** The newest version of each canvas. */
  'GET /api/conversations/{id}/canvases': { path: { id: ConversationId }; answer: CanvasView[] };
  /** Every version of one canvas, oldest first. */
  'GET /api/conversations/{id}/canvases/{canvas}/versions': {
    path: { id: ConversationId; canvas: CanvasId };
    answer: CanvasView[];
  };
  /** What separates two versions. */
  'GET /api/conversations/{id}/canvases/{canvas}/diff': {
    path: { id: ConversationId; canvas: CanvasId };
    query: { from: number; to: number };
    answer: CanvasDiff;
  };
  /** A path that shows it once, for a sandboxed frame. */
  'POST /api/conversations/{id}/canvases/{canvas}/preview': {
    path: { id: ConversationId; canvas: CanvasId };
    body: PreviewOf;
    answer: Preview;
  };
  /** A note or document: its newest version, or the one named. */
  'GET /api/conversations/{id}/text': {
    path: { id: ConversationId };
    query: { version?: number | null };
    answer: TextView;
  };
  /** Its versions, newest first. */
  'GET /api/conversations/{id}/text/versions': { path: { id: ConversationId }; answer: TextVersion[] };
  /** A conversation as a file. */
  'GET /api/conversations/{id}/export': {
    path: { id: ConversationId };
    query: { format?: ExportFormat };
    answer: Blob;
  };
  /** Say something and get the answer as events, or `{"status": "queued"}`. */
  'POST /api/conversations/{id}/chat': { path: { id: ConversationId }; body: ChatMessage; answer: Blob };
  /** Open approvals of all conversations, oldest first. */
  'GET /api/approvals': { answer: OpenApproval[] };
  /** Answer an approval, once. */
  'POST /api/approvals/{id}/respond': { path: { id: ApprovalId }; body: ApprovalAnswer; answer: ApprovalAnswered };
  /** Search messages, titles, notes and documents; best first. */
  'GET /api/search': { query: { q: string; limit?: number | null }; answer: SearchHit[] };
  /** All tags, by name. */
  'GET /api/tags': { answer: TagView[] };
  /** All folders of conversations, by database and path. */
  'GET /api/folders': { answer: FolderView[] };
  /** All projects, by database and name. */
  'GET /api/projects': { answer: ProjectView[] };
  /** Rules that were allowed for good, oldest first. */
  'GET /api/rules': { answer: RuleView[] };
  /** What was granted to modules, ended grants too. */
  'GET /api/grants': { answer: GrantOp[] };
  /** Records of the audit log, newest first. */
  'GET /api/audit': {
    query: { since?: UnixMillis | null; until?: UnixMillis | null; conversation?: ConversationId | null; tool?: string | null; action?: string | null; verdict?: string | null; before?: string | null; limit?: number | null };
    answer: PageOfAuditRecord;
  };
  /** Prove that the audit log is as it was written. */
  'GET /api/audit/report': { answer: AuditReport };
  /** Tool calls whose id begins so, with what was decided. */
  'GET /api/calls/{id}': { path: { id: string }; answer: CallHit[] };
  /** All modules, with what is granted to them in a workspace. */
  'GET /api/modules': { query: { workspace?: string | null }; answer: ModuleView[] };
  /** Install a component; it is granted nothing. */
  'POST /api/modules/upload': { query: { name: string; replace?: boolean }; body: Blob; answer: Installed };
  /** What is installed as bundles, by name. */
  'GET /api/bundles': { answer: BundleView[] };
  /** What a project's lock file names. */
  'GET /api/bundles/locked': { query: { workspace?: string | null }; answer: BundleLocked[] };
  /** What a bundle is and would be able to do; installs nothing. */
  'POST /api/bundles/inspect': { body: BundleWish; answer: BundleReport };
  /** Look at a bundle that is sent; installs nothing. */
  'POST /api/bundles/upload': { query: { name: string }; body: Blob; answer: BundleReport };
  /** The MCP servers of the user and of a folder's project, as they are doing. */
  'GET /api/mcp': { query: { workspace?: string | null }; answer: McpServerView[] };
  /** What MCP servers let people attach. */
  'GET /api/mcp/resources': { query: { workspace?: string | null }; answer: McpResourceView[] };
  /** The prompts that MCP servers offer. */
  'GET /api/mcp/prompts': { query: { workspace?: string | null }; answer: McpPromptView[] };
  /** The last lines that an MCP server wrote. */
  'GET /api/mcp/{server}/log': { path: { server: string }; answer: string[] };
  /** The skills of a folder by name, and files that fail to be one. */
  'GET /api/skills': { query: { workspace?: string | null }; answer: SkillView[] };
  /** The skill that counts for a name, with its instructions. */
  'GET /api/skills/{name}': { path: { name: string }; query: { workspace?: string | null }; answer: SkillView };
  /** All settings with their origins; secrets are masked. */
  'GET /api/config': { answer: SettingsReport };
  /** JSON Schema of the config file. */
  'GET /api/config/schema': { answer: unknown };
  /** Models that the configured endpoint lists. */
  'GET /api/models': { answer: string[] };
  /** Model servers on the usual ports of this machine. */
  'GET /api/endpoints': { answer: FoundEndpoint[] };
  /** Try an endpoint step by step; null for the configured one. */
  'POST /api/endpoints/test': { body: EndpointSpec | null; answer: EndpointReport };
  /** A folder, and what trusting it would mean. */
  'GET /api/workspace': { query: { path?: string | null }; answer: WorkspaceView };
  /** Paths of a workspace that fit what is typed, best first. */
  'GET /api/paths': { query: { workspace?: string | null; typed?: string; limit?: number | null }; answer: PathHits };
  /** What would be sent before the first word of a new conversation. */
  'GET /api/prompt': { query: { workspace?: string | null; project?: ProjectId | null }; answer: PromptReport };
  /** What was spent, by day, model and project; newest first. */
  'GET /api/spending': { query: { since?: UnixMillis }; answer: SpendingRow[] };
  /** Check everything and say what to do. */
  'GET /api/doctor': { answer: Finding[] };
  /** The databases, the personal one first. */
  'GET /api/databases': { query: { check?: boolean }; answer: DatabaseView[] };
  /** Who this installation is. */
  'GET /api/identity': { answer: IdentityView };
  /** Processes of this installation that listen. */
  'GET /api/servers': { answer: ServerView[] };
  /** Opens a session with a launch link's token. */
  'POST /api/session': { body: Launch; answer: Blob };
  /** Signs this browser out. */
  'DELETE /api/session': { answer: Blob };
  /** Opens a session with the password. */
  'POST /api/session/password': { body: Typed; answer: Blob };
  /** Proves to a tab that this is the server that signed it in. */
  'POST /api/session/proof': { body: Doubted; answer: Proven };
  /** Makes a secret for another tab of this browser. */
  'POST /api/session/tabs': { answer: Tab };
  /** Browsers that are signed in, the last used first. */
  'GET /api/sessions': { answer: SessionEntry[] };
  /** Signs every browser out, this one included. */
  'DELETE /api/sessions': { answer: null };
  /** Signs one browser out. */
  'DELETE /api/sessions/{id}': { path: { id: SessionId }; answer: null };
}
