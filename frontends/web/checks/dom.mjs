/** As much of a DOM as the Markdown renderer uses, so that its checks run with node alone. Not shipped. */

class SmallNode {
  parentNode = null;
  childNodes = [];

  get firstChild() {
    return this.childNodes[0] ?? null;
  }

  get lastChild() {
    return this.childNodes.at(-1) ?? null;
  }

  get textContent() {
    return this.nodeType === 3 ? this.data : this.childNodes.map((child) => child.textContent).join('');
  }

  append(...nodes) {
    for (const node of nodes) this.insertBefore(node, null);
  }

  insertBefore(node, before) {
    node.remove();
    const at = before ? this.childNodes.indexOf(before) : this.childNodes.length;
    if (at < 0) throw new Error('not a child');
    this.childNodes.splice(at, 0, node);
    node.parentNode = this;
  }

  remove() {
    if (!this.parentNode) return;
    const siblings = this.parentNode.childNodes;
    const at = siblings.at(-1) === this ? siblings.length - 1 : siblings.indexOf(this);
    siblings.splice(at, 1);
    this.parentNode = null;
  }

  replaceWith(node) {
    this.parentNode.insertBefore(node, this);
    this.remove();
  }

  contains(node) {
    for (let one = node; one; one = one.parentNode) if (one === this) return true;
    return false;
  }

  isEqualNode(other) {
    if (this.nodeType !== other.nodeType || this.nodeName !== other.nodeName || this.data !== other.data) return false;
    const [own, theirs] = [this.attributes ?? [], other.attributes ?? []];
    if (own.length !== theirs.length || own.some(({ name, value }) => !theirs.some((one) => one.name === name && one.value === value))) return false;
    return this.childNodes.length === other.childNodes.length && this.childNodes.every((child, at) => child.isEqualNode(other.childNodes[at]));
  }
}

class SmallText extends SmallNode {
  nodeType = 3;
  nodeName = '#text';

  constructor(data) {
    super();
    this.data = data;
  }

  cloneNode() {
    return new SmallText(this.data);
  }
}

class SmallElement extends SmallNode {
  nodeType = 1;
  attributes = [];

  constructor(name) {
    super();
    this.nodeName = name.toUpperCase();
  }

  cloneNode(isDeep) {
    const copy = new SmallElement(this.nodeName);
    copy.attributes = this.attributes.map((one) => ({ ...one }));
    if (isDeep) copy.append(...this.childNodes.map((child) => child.cloneNode(true)));
    return copy;
  }

  get className() {
    return this.attributes.find(({ name }) => name === 'class')?.value ?? '';
  }

  set className(value) {
    this.setAttribute('class', value);
  }

  setAttribute(name, value) {
    const known = this.attributes.find((one) => one.name === name);
    if (known) known.value = value;
    else this.attributes.push({ name, value });
  }
}

/** What the renderer knows as `document`. */
export const smallDocument = {
  createElement: (name) => new SmallElement(name),
  createTextNode: (data) => new SmallText(data),
};
