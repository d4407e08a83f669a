// Opens a posture report in headless Chromium, at three sizes, light and dark, and holds it to what a person needs of it: it is drawn
// without an error and without a request, its table stays small however many roles there are, the keyboard reaches everything, axe
// finds nothing serious, and what hostile owners wrote stays text. Screenshots go to the folder named last.
//
//   node report.mjs REPORT.HTML HOSTILE.HTML PACKAGES SCREENSHOTS
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";

const [page, hostile, packages, screenshots] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(packages, "package.json"));
const load = async (name) => (await import(pathToFileURL(require.resolve(name)))).default;

// Chromium is unpacked beside its packages. On Lambda its package brings the libraries that a bare machine lacks (libnss3 and its
// like), so it is told that this is one; its fonts make the pictures the same everywhere.
const unpacked = join(packages, "unpacked");
mkdirSync(unpacked, { recursive: true });
const fonts = join(unpacked, "fonts.conf");
writeFileSync(fonts, `<?xml version="1.0"?><fontconfig><dir>${unpacked}/fonts</dir><cachedir>${unpacked}/fonts-cache</cachedir></fontconfig>`);
Object.assign(process.env, { TMPDIR: unpacked, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs22.x", FONTCONFIG_FILE: fonts });
const chromium = await load("@sparticuz/chromium");
const puppeteer = await load("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const SIZES = [[360, 740], [768, 1024], [1440, 900]];
const SCHEMES = ["light", "dark"];
// The table shows 50 roles; everything else on the page is fixed, but for a list of roles that are gone.
const MOST_NODES = 2_500;

const executablePath = await chromium.executablePath();
const tried = spawnSync(executablePath, ["--version", "--no-sandbox"], { encoding: "utf8" });
if (tried.status !== 0) {
  console.log(`SKIPPED: the report in a browser (Chromium does not start here: ${tried.error ?? tried.stderr.trim().split("\n")[0]})`);
  process.exit(0);
}
// Its own flags switch web security off; ours leave it on.
const flags = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--font-render-hinting=none", "--disable-dev-shm-usage"];
const browser = await puppeteer.launch({ executablePath, args: flags, headless: "shell" });
mkdirSync(screenshots, { recursive: true });

const open = async ([width, height], scheme, javascript = true, file = page) => {
  const tab = await browser.newPage();
  const seen = { errors: [], requests: [] };
  tab.on("console", (message) => { if (["error", "warn"].includes(message.type())) seen.errors.push(message.text()); });
  tab.on("pageerror", (error) => seen.errors.push(String(error)));
  tab.on("request", (request) => seen.requests.push(request.url()));
  await tab.setJavaScriptEnabled(javascript);
  await tab.setViewport({ width, height });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await tab.evaluateOnNewDocument(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => Math.round(entry.duration))))
      .observe({ type: "longtask", buffered: true });
  });
  await tab.goto(pathToFileURL(file).href, { waitUntil: "load" });
  return { tab, seen };
};
const countOf = (tab) => tab.$eval("#count", (node) => node.textContent);
const focused = (tab) => tab.evaluate(() => {
  const node = document.activeElement;
  return { tag: node.tagName, id: node.id, kind: node.className, text: node.textContent.slice(0, 60), expanded: node.getAttribute("aria-expanded") };
});

const total = JSON.parse(readFileSync(page, "utf8").split('id="data">')[1].split("</script>")[0]).roles.length;

for (const size of SIZES) {
  for (const scheme of SCHEMES) {
    const name = `${size.join("x")}-${scheme}`;
    const { tab, seen } = await open(size, scheme);
    assert.match(await countOf(tab), /^Roles 1 to \d+ of /, name);
    const nodes = await tab.evaluate(() => document.querySelectorAll("*").length);
    assert.ok(nodes < MOST_NODES, `${name}: ${nodes} nodes`);
    const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${name}: the page is ${overflow} px wider than the window`);
    const wrapped = await tab.$$eval(".day", (days) => days.filter((day) => day.getClientRects()[0].height > 0 && (() => {
      const range = document.createRange();
      range.selectNodeContents(day);
      return new Set([...range.getClientRects()].map((line) => Math.round(line.top))).size > 1;
    })()).length);
    assert.equal(wrapped, 0, `${name}: a date is on one line`);
    await tab.screenshot({ path: join(screenshots, `report-${name}.png`) });
    await tab.click("button.open");
    await tab.$eval("#roles", (node) => node.scrollIntoView());
    await tab.screenshot({ path: join(screenshots, `report-${name}-roles.png`) });
    const longTasks = await tab.evaluate(() => window.longTasks);
    // From outside: the report's policy lets no other script into the page.
    const client = await tab.createCDPSession();
    await client.send("Runtime.evaluate", { expression: axe });
    const { result } = await client.send("Runtime.evaluate", {
      expression: "axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)) }))))",
      awaitPromise: true,
    });
    const violations = JSON.parse(result.value);
    assert.deepEqual(violations.filter(({ impact }) => ["serious", "critical"].includes(impact)), [], `${name}: axe`);
    assert.deepEqual(seen.errors, [], `${name}: console`);
    const policy = await tab.$eval('meta[http-equiv="Content-Security-Policy"]', (meta) => meta.content);
    assert.match(policy, /^default-src 'none';/, `${name}: nothing may be fetched`);
    assert.doesNotMatch(policy, /unsafe/, name);
    assert.deepEqual(seen.requests, [pathToFileURL(page).href], `${name}: it asks for nothing but itself`);
    console.log(`${name}: ${total} roles, ${nodes} nodes, long tasks ${JSON.stringify(longTasks)} ms, axe: ${violations.length} minor`);
    await tab.close();
  }
}

{
  const { tab, seen } = await open([1440, 900], "light");
  await tab.keyboard.press("Tab");
  assert.equal((await focused(tab)).kind, "skip", "the first stop leads past the head");
  await tab.keyboard.press("Enter");
  for (let stops = 0; (await focused(tab)).id !== "search"; stops += 1) {
    assert.ok(stops < 5, "the search is near the skip link");
    await tab.keyboard.press("Tab");
  }
  const before = await countOf(tab);
  const took = await tab.evaluate(() => {
    const search = document.getElementById("search");
    const start = performance.now();
    search.value = "b";
    search.dispatchEvent(new Event("input", { bubbles: true }));
    const first = performance.now() - start;
    const again = performance.now();
    search.value = "bi";
    search.dispatchEvent(new Event("input", { bubbles: true }));
    const then = performance.now() - again;
    search.value = "";
    search.dispatchEvent(new Event("input", { bubbles: true }));
    return { first, then };
  });
  console.log(`a keystroke in the search over ${total} roles: the first ${took.first.toFixed(0)} ms, the next ${took.then.toFixed(0)} ms`);
  await tab.keyboard.type("billing");
  const after = await countOf(tab);
  assert.notEqual(after, before);
  assert.match(after, /out of/);
  await tab.keyboard.press("ArrowDown");
  assert.match((await focused(tab)).text, /^billing/, "the first role that matches");
  await tab.keyboard.press("Enter");
  assert.equal((await focused(tab)).expanded, "true", "Enter opens it");
  assert.equal(await tab.$$eval("tr.details", (rows) => rows.length), 1);
  await tab.keyboard.press("ArrowDown");
  await tab.keyboard.press("ArrowUp");
  await tab.keyboard.press("ArrowUp");
  assert.equal((await focused(tab)).id, "search", "and the way back");
  await tab.keyboard.press("Escape");
  await tab.$eval("#filters", (form) => form.reset());
  await tab.waitForFunction((text) => document.getElementById("count").textContent === text, {}, before);

  await tab.click("th[data-key=name] button");
  assert.equal(await tab.$eval("th[data-key=name]", (header) => header.getAttribute("aria-sort")), "ascending");
  const names = await tab.$$eval("button.open", (buttons) => buttons.map((button) => button.textContent));
  assert.deepEqual(names, [...names].sort(), "sorted by name");
  await tab.select("#severity", "5");
  const badges = await tab.$$eval('#rows > tr:not(.details) > td[data-label="Can do now"] .badge', (found) => found.map((badge) => badge.textContent));
  assert.ok(badges.length > 0 && badges.every((badge) => badge === "CRITICAL"), `only CRITICAL: ${badges}`);
  await tab.select("#change", "any");
  assert.match(await countOf(tab), /out of|None/);
  assert.deepEqual(seen.errors, []);
  await tab.close();
}

{
  const { tab } = await open([1440, 900], "light", false);
  const rows = await tab.$$("#rows > tr");
  assert.equal(rows.length, Math.min(50, total), "the worst are readable without JavaScript");
  await tab.screenshot({ path: join(screenshots, "report-without-javascript.png") });
  await tab.emulateMediaType("print");
  await tab.screenshot({ path: join(screenshots, "report-print.png") });
  await tab.close();
}

// For docs/: `make report-picture` copies them.
for (const scheme of SCHEMES) {
  const { tab } = await open([1120, 1240], scheme);
  await tab.screenshot({ path: join(screenshots, `picture-${scheme}.png`) });
  await tab.close();
}

// What owners wrote into tags, paths, names of policies and Sids is drawn as it was written, and does nothing.
const dataOf = (file) => JSON.parse(readFileSync(file, "utf8").split('id="data">')[1].split("</script>")[0]);
const foreign = (tab) => tab.evaluate(() => ({
  title: document.title,
  scripts: document.scripts.length,
  elements: [...document.querySelectorAll("main *")].map((node) => node.localName).filter((name) => /^(script|img|iframe|object|embed|b|link|style|base|form|a)$/.test(name)).join(),
  attributes: [...document.querySelectorAll("*")].flatMap((node) => [...node.attributes].map((attribute) => attribute.name)).filter((name) => name.startsWith("on")),
}));
{
  const data = dataOf(hostile);
  const wrote = [...new Set(data.roles.map((role) => data.texts[role.owner]))];
  assert.ok(wrote.length >= 7, "each hostile text has a role");
  const untouched = "Ringfence report: account 123456789012, ";
  for (const javascript of [true, false]) {
    const name = `hostile words ${javascript ? "with" : "without"} JavaScript`;
    const { tab, seen } = await open([1440, 900], "light", javascript, hostile);
    const check = async () => {
      const { title, scripts, elements, attributes } = await foreign(tab);
      assert.ok(title.startsWith(untouched), `${name}: the title is ${title}`);
      assert.equal(scripts, 2, `${name}: the data and our script`);
      // Numbers of the legend and the chips are bold, and the filters are the one form.
      assert.equal(elements.replace(/(^|,)(b|form)(?=,|$)/g, "").replace(/,/g, ""), "", `${name}: no element is theirs`);
      assert.deepEqual(attributes, [], `${name}: no handler is theirs`);
    };
    await check();
    const owners = new Set(await tab.$$eval("#rows .owner", (nodes) => nodes.map((node) => node.textContent)));
    for (const text of wrote) assert.ok(owners.has(text), `${name}: ${JSON.stringify(text)} is drawn as it was written: ${JSON.stringify([...owners])}`);
    const lefts = new Set(await tab.$$eval("#rows .open, #rows .name", (nodes) => nodes.map((node) => Math.round(node.getBoundingClientRect().left))));
    assert.equal(lefts.size, 1, `${name}: no text turns the direction of another one`);
    if (javascript) {
      for (const text of wrote) {
        const role = data.roles.find((one) => data.texts[one.owner] === text);
        await tab.$eval("#search", (search, words) => { search.value = words; search.dispatchEvent(new Event("input", { bubbles: true })); }, role.path.slice(role.path.lastIndexOf("/") + 1));
        await tab.click("button.open");
        const drawn = await tab.$eval("tr.details", (row) => ({
          where: [...row.querySelectorAll(".where")].map((node) => node.textContent),
          todo: [...row.querySelectorAll(".todo")].map((node) => node.textContent),
          pairs: [...row.querySelectorAll("dd")].map((node) => node.textContent),
        }));
        assert.ok(drawn.where.some((line) => line === `Where: inline:${text}, statement ${text}: ${text}`), `${name}: ${JSON.stringify(drawn.where)}`);
        assert.ok(drawn.where.some((line) => line === `and statement 1: ${text}`), `${name}: the policy is named once`);
        assert.ok(drawn.todo.includes(`To do: ${text}`), name);
        assert.ok(drawn.pairs.includes(text) && drawn.pairs.some((pair) => pair.endsWith(`: ${text}, ${text}`)), `${name}: ${JSON.stringify(drawn.pairs)}`);
        await check();
        await tab.click("button.open");
      }
      await tab.$eval("#search", (search) => { search.value = ""; search.dispatchEvent(new Event("input", { bubbles: true })); });
      await tab.click("button.open");
      await tab.$eval("#roles", (node) => node.scrollIntoView());
      await tab.screenshot({ path: join(screenshots, "report-hostile.png") });
    }
    assert.deepEqual(seen.errors, [], `${name}: console`);
    assert.deepEqual(seen.requests, [pathToFileURL(hostile).href], `${name}: nothing is asked for`);
    await tab.close();
  }
  console.log(`${wrote.length} hostile texts in ${data.roles.length} roles are drawn as they were written`);
}

await browser.close();
console.log(`the report holds in ${SIZES.length * SCHEMES.length} windows; screenshots in ${screenshots}`);
