"""Our own hard texts for tokenizers, and the text that small ones are trained on."""
import json
import random

SENTENCES = """The mill stood at the bend of the river, and nobody had ground corn there since the flood.
She said: "It's the third time; we'll see, won't we?" — and he'd already gone.
Prices rose by 12.5% to 1,204,999 in 2023, after 3 of 47 plants had closed.
def area(width, height):\n    return width * height  # no units\n
for (int i = 0; i < 10; i++) { total += values[i]; }
Der Bäcker verkauft süße Brötchen für 2,50 € an Groß und Klein.
L'été dernier, où étais-tu ? J'ai vu l'œuvre à Orléans.
El niño comió piñas en la montaña; ¿quién lo diría?
Река замёрзла, и дети катались на коньках до вечера.
Ο ήλιος έδυε πίσω από τα βουνά, και η θάλασσα ησύχασε.
川の水は冷たく、魚はゆっくり泳いでいた。カタカナとひらがな。
河水很冷，鱼儿慢慢地游。一二三四五。
강물은 차가웠고 물고기는 천천히 헤엄쳤다.
كان النهر باردا، وكانت الأسماك تسبح ببطء.
המים היו קרים והדגים שחו לאט.
नदी का पानी ठंडा था और मछलियाँ धीरे तैर रही थीं।
แม่น้ำเย็นมากและปลาว่ายช้าๆ
x = 3.14e-10; y := [1, 2, 3]; z != "a\\tb"
https://example.org/path?a=1&b=two#three and me@example.org
HelloWorld camelCaseWords HTTPServer snake_case_words KEBAB-CASE""".split('\n')

PARTS = ['word', ' ', '  ', '\n', '\t', 'Hello', ' the', "'s", "'LL", '123', '7', '١٢٣', '½', '²', '中文', '日本', 'ガ', '한국', 'й', 'Ж', 'e\u0301',
         'é', '\u00a0', '\u3000', '\u200b', '\u200d', '😀', '👩\u200d🔬', '🇫🇷', '.', '...', '!?', '—', '<s>', '[X]', '<pad>', '▁', '_', '\r\n', '\\',
         '\x00', '\x01', '\x7f', 'ſ', 'ß', 'İ', 'ﬁ', 'Ⅷ', '①', 'क्ष', 'ب', 'َ', '\ufeff', '\u2028', '\ud7ff', '\ue000', '\U0001d54f', '𠀀', '$', '€',
         'don\'t', 'ABC', 'abcDEF', '/', '//', '{}', '()', '#', '@', '%']

FIXED = ['', ' ', '  ', '   ', '\t', '\n', '\r', '\r\n', '\n\n', ' \n ', '\n \n', 'a', ' a', 'a ', ' a ', '  a  b  ', 'Hello, world!', 'hello  world',
         "It's we'll I'M they'VE can't DON'T 's 'S 'ſ", "''s '''ll", 'one two\tthree\nfour', 'tab\t\ttab', 'x' * 130, 'ab' * 70, 'abc ' * 40,
         ' ' * 33, '\n' * 9, '1', '12', '123', '1234', '12345678901', '3.14', '1,000,000', 'a1b22c333', '٣٤٥', '२०२४', '½¼', '²³¹', 'x²', 'Ⅻ',
         '中文', '中文字符 和 English', '日本語のテキスト、カタカナ。', '한국어 텍스트', '鿿鿿', '𠀀𠀁', 'العربية نص', 'مَرْحَبًا', 'שָׁלוֹם', 'नमस्ते दुनिया', 'ภาษาไทย',
         'Привет, мир!', 'ЁЖИК ёжик', 'Γειά σου Κόσμε', 'ΣΊΣΥΦΟΣ', 'İstanbul ıI', 'straße STRASSE ẞ', 'ﬁne ﬂow ﬀ', 'Ａｂｃ　１２３', 'ｶﾞｷﾞ', '①②③', '㍿ ㌔',
         'café', 'cafe\u0301', 'A\u030aA\u0301', 'o\u0302\u0301', '\u0301', 'a\u0301\u0302\u0303b', 'n\u0303o', '\u1100\u1161\u11a8', '각',
         '😀', '😀😃', '👩\u200d🔬', '👨\u200d👩\u200d👧\u200d👦', '🏳️\u200d🌈', '👍🏽', '🇫🇷🇩🇪', '1️⃣', '❤️', '☺', '\U0001f970', '\U0001fae0',
         '\u00a0', 'a\u00a0b', '\u2003\u2003', 'a\u3000b', '\u200b', 'a\u200bb', '\u200d', 'a\u200db', '\u00ad', '\ufeff', '\ufeffa', '\u2028a\u2029',
         '\u0085', 'a\u0085b', '\x00', 'a\x00b', '\x01\x02', '\x1b[0m', '\x7f', '\ufffd', 'a\ufffdb', '\ue000', '\ufdd0', '\U0010ffff',
         '.', '...', '!!!', '?!?!', '— – -', '«»„“”', "'", '"', '""', '`code`', '$100 £5 €7 ¥9', 'a_b __c__', '#tag @user', '~^|\\', '<>', '<s', '</s',
         '<s>', 'a<s>b', ' <s> ', '<s><s>', '[X]', 'a[X]b', ' [X] ', '  [X]  ', '<pad>', 'x<pad> y', ' <pad>', 'word[W]word', 'a [W] b', '[W]', '[W]x',
         '[L]', 'a [L] b', '[R] b', 'a[R]  b', '[CLS] [SEP]', '<0x0A>', '<0x41>', '<unk>', '[UNK]', 'a<unk>b', '▁', '▁a', 'a▁b', ' ▁ ', '▁▁',
         'def f(x):\n    return x\n', 'if (a && b) { c(); }', '\tindent\n\t\tmore', 'a=b', 'foo.bar(baz)', 'x+=1;', 'HelloWorld', 'helloWORLDhello',
         'HTTPServer', 'iPhone', 'McDonald', 'aB', 'Ab', 'AB', 'ǅ', 'ʰa', 'ªº', 'a/b/c', '!a', '.a', '-Abc', '(word)', '[word]', '/\n/', '!\n\n', '!/',
         'https://example.org/a?b=c', 'me@example.org', '100%', '5°C', 'α+β=γ', '∑∫√', '→←', '™©®', '½ cup', '2nd 3rd', 'v1.2.3-rc4', '0x1F',
         'a  \n  b', 'a \n\n b', '   a', 'a   ', '\n a', 'a\n ', 'a\r\nb', ' \u00a0 ', 'end.  Next', "l'été", "o'clock", "'tis", 'rock-n-roll', "d'Or"]


def texts():
    """All cases: fixed ones and mixtures of parts."""
    rng = random.Random(20241)
    mixed = [''.join(rng.choice(PARTS) for _ in range(rng.randint(2, 9))) for _ in range(70)]
    seen = {}
    for text in FIXED + SENTENCES + mixed:
        seen.setdefault(text, None)
    return list(seen)


def training(models):
    """Lines to train on: ours in many scripts, and what the bundled teacher wrote itself."""
    with open(f'{models}/quickstart-teacher/self-written.jsonl', encoding='utf-8') as file:
        own = [json.loads(line)['text'] for line in file]
    return SENTENCES * 6 + [line for text in own[:60] for line in text.split('\n') if line]
