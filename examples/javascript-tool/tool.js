// A tool in JavaScript: puts a JSON text into a readable and comparable form.
//
// `tools` is the interface `anteroom:tool/tools` of the file `wit/tool.wit` in the repository: records become
// objects, lists become arrays, and an error of the contract is thrown.

const SCHEMA = {
  type: "object",
  properties: {
    text: { type: "string", description: "The JSON text" },
    indent: { type: "integer", minimum: 0, maximum: 8, description: "Spaces for each level, 2 if left out" },
  },
  required: ["text"],
  additionalProperties: false,
};

export const tools = {
  describe() {
    return [
      {
        name: "sort_json",
        description: 'Sorts the keys of a JSON text and indents it. Example: {"text": "{\\"b\\":1,\\"a\\":2}"}',
        inputSchema: JSON.stringify(SCHEMA),
        tier: "read",
        capabilities: [],
        timeoutMs: 10_000,
      },
    ];
  },

  call(_context, name, args) {
    if (name !== "sort_json") {
      throw { tag: "not-found", val: `there is no tool \`${name}\` in this toolset` };
    }
    const { text, indent = 2 } = JSON.parse(args);
    return { content: [{ tag: "text", val: JSON.stringify(sorted(parsed(text)), null, indent) }] };
  },
};

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw { tag: "invalid-args", val: `\`text\` is no JSON: ${error.message}` };
  }
}

function sorted(value) {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (value === null || typeof value !== "object") {
    return value;
  }
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
