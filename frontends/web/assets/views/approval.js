/** The door to the approval card, which is loaded with the first question; what stays of an answered one is a line. */
import { h, useEffect, useState } from '../lib/dom.js';
import { ResolvedLine } from './approval-line.js';
import { loading } from './item/common.js';

/** @type {any} */
let card = null;

/** @param {{approval: any, conversation: any}} props */
function ApprovalCard({ approval, conversation }) {
  const [, setLoaded] = useState(card !== null);
  const resolved = conversation.resolved?.value.get(approval.id);
  useEffect(() => {
    if (card || resolved) return;
    return loading(() => import('./approval-card.js'), (module) => {
      card = module.OpenCard;
      setLoaded(true);
    });
  }, [Boolean(resolved)]);
  if (resolved) return h(ResolvedLine, { id: approval.id, resolved: { approval, ...resolved } });
  return card && h(card, { approval, conversation, key: approval.id });
}

export { ApprovalCard };
