// Shows /openapi.json: each operation with what it takes, what it answers, and examples.
const description = await (await fetch("/openapi.json")).json();

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

// "#/components/responses/Malformed" to what stands there.
function resolve(node) {
  if (!node?.$ref) return node;
  return node.$ref.slice(2).split("/").reduce((at, step) => at[step], description);
}

function pretty(value) {
  return element("pre", typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

function* bodies(content) {
  for (const [kind, body] of Object.entries(content ?? {})) {
    const examples = Object.values(body.examples ?? (body.example ? { only: { value: body.example } } : {}));
    if (!examples.length) yield element("p", element("code", kind));
    for (const { summary, value } of examples) {
      yield element("p", element("code", kind), summary ? ": " + summary : "");
      yield pretty(value);
    }
  }
}

function* operation(path, method, { summary, description: text, parameters, requestBody, responses }) {
  yield element("h2", element("code", `${method.toUpperCase()} ${path}`), " ", summary);
  if (text) yield* paragraphs(text);
  if (parameters) yield members(parameters.map((p) => [p.name, p.required, p.description ?? ""]));
  if (requestBody) yield* bodies(requestBody.content);
  const answers = element("dl");
  for (const [status, answer] of Object.entries(responses)) {
    const { description: meaning, content } = resolve(answer);
    answers.append(element("dt", status), element("dd", meaning, ...bodies(content)));
  }
  yield answers;
}

function* schemas() {
  for (const [name, schema] of Object.entries(description.components.schemas)) {
    yield element("h2", name);
    if (schema.description) yield* paragraphs(schema.description);
    const named = Object.entries(schema.properties ?? {});
    yield members(named.map(([member, about]) => [
      member, schema.required?.includes(member), about.description ?? about.type ?? "",
    ]));
  }
}

function paragraphs(text) {
  return text.split("\n\n").map((paragraph) => element("p", paragraph));
}

// Of a schema or an operation: each name, whether it is required, and what it is.
function members(named) {
  const list = element("dl");
  for (const [name, required, about] of named) {
    list.append(element("dt", element("code", name), required ? " (required)" : ""), element("dd", about));
  }
  return list;
}

document.title = document.getElementById("title").textContent = `${description.info.title}: HTTP API`;

const page = document.getElementById("operations");
page.replaceChildren();
for (const [path, methods] of Object.entries(description.paths)) {
  for (const [method, about] of Object.entries(methods)) page.append(...operation(path, method, about));
}
page.append(...schemas());
