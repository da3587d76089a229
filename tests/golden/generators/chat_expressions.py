"""Small templates that ask one question each, for chat.py: what Python, jinja2 and transformers answer is the golden."""

# Values that the templates see.
VARIABLES = {
    "s": "Hello, wide World", "empty": "", "u": "\u00dcn\u00efc\u00f6d\u00e9 \U0001f600 \u00df end", "lines": "one\ntwo\r\nthree\n\n  four  ",
    "i": 7, "neg": -7, "big": 2**70, "f": 2.5, "tiny": 1.5e-7, "huge": 1e22, "whole": 3.0, "yes": True, "no": False, "nothing": None,
    "l": [3, 1, 2], "words": ["pear", "Apple", "fig", "apple"], "nested": [[1, [2, 3]], {"a": [None, True, 1.0]}],
    "d": {"b": 1, "a": "two", "items": "mine", "it's": None}, "e": {}, "pad": "  \t padded \n ",
    "people": [{"name": "Ann", "age": 30, "tags": ["x"]}, {"name": "bob", "age": 25}, {"name": "Cy", "age": 30, "tags": []}],
    "q": "it's \"quoted\" \\ back", "html": "<b>&'\"</b>", "digits": "0123456789", "ctrl": "a\x00b\x1f\x7f\u200b\xa0\u2028z",
}

# Each line is a template of its own.
PRINTED = r'''
yes
no
nothing
i
neg
big
f
tiny
huge
whole
1e16
1e15
123456789012345680.0
0.1 + 0.2
1/3
100 * 1.1
1e-5
0.0001
-0.0
1e300 * 1e300
l
words
nested
d
e
q
[q]
[html]
[ctrl]
[u]
[s, empty]
['a\tb\nc\\d']
["it's"]
['"both\'"']
(1,)
(1, 2)
()
[]
{}
{'a': 1, 2: 'b', none: true, 1.5: []}
{1: 'a', true: 'b', 1.0: 'c'}
d.items()
d.keys()
d.values()
e.items()
d['items']
d.a
d.missing
d['missing']
d.get('a')
d.get('zz')
d.get('zz', 5)
d.get('it\'s', 5)
missing
missing.attribute
missing['x']
missing.x is defined
missing or 'fallback'
missing ~ 'x'
missing + 'x'
'x' + missing
missing == missing
missing == nothing
missing|length
missing|list
missing|string
missing|upper
missing|tojson
[missing]
nothing.x
nothing.x.y
nothing['x']
nothing|length
i.x
s.x
s['x']
l.x
l[0]
l[-1]
l[5]
l['0']
l.0
l[true]
l[1.0]
s[0]
s[-1]
s[99]
u[8]
u|length
u[::-1]
u[7:9]
s[1:4]
s[:-3]
s[-3:]
s[::2]
s[::-1]
s[5:1:-1]
s[10:2]
l[1:]
l[::-1]
l[:2]
l[5:]
l[-2:-1]
(1, 2, 3)[1:]
range(5)[1:3]
range(10)[::3]|list
d[1:2]
7 // 2
-7 // 2
7 // -2
7 % 3
-7 % 3
7 % -3
7.5 // 2
-7.5 // 2
-7.5 % 2
7 / 2
6 / 3
2 ** 10
2 ** -1
2 ** 0.5
2 ** 3 ** 2
-2 ** 2
(-2) ** 2
2 ** 100
big + 1
big * big
big // 3
big % 1000
big / 7
big > 1e21
-big
9223372036854775807 + 1
9223372036854775807 * 2
-9223372036854775808 - 1
1 / 0
1 // 0
1 % 0
1.0 / 0
true + true
true + 1
not yes
not empty
not l
-i
+i
-yes
+no
- -i
1 - -1
i if yes
i if no
(i if no) is defined
1 if no else 2 if no else 3
yes and 5
no and 5
0 or 'x'
empty or l
1 < 2 < 3
1 < 3 < 2
3 > 2 >= 2
1 == 1.0
1 == true
'1' == 1
[1, 2] == [1, 2]
[1, 2] == (1, 2)
[1] < [1, 2]
[2] < [1, 2]
'a' < 'B'
'a' < 'b'
1 < 'a'
nothing < 1
{} < {}
none == false
nothing is none
'a' in 'abc'
'' in 'abc'
1 in 'abc'
1 in l
9 in l
true in l
'b' in d
'two' in d
'x' not in d
nothing in l
1 in missing
1 in 5
none in [none]
s in words
'a' ~ 1 ~ none ~ 2.0 ~ [1]
'a' + 'b'
'a' + 1
1 + 'a'
[1] + [2]
(1,) + (2,)
[1] + (2,)
'ab' * 3
3 * 'ab'
'ab' * -1
[1, 2] * 2
(1,) * 2
'ab' * 2.0
'a' - 'b'
s|upper
s|lower
s|title
s|capitalize
'they\'re bill\'s friends-x (a'|title
'they\'re bill\'s'.title()
u|upper
u|lower
u.title()
u.capitalize()
u.swapcase()
'ǆ ﬁ ΑΣ ΑΣΑ İ'.upper()
'ǆ ﬁ ΑΣ ΑΣΑ İ'.lower()
'ǆungla ﬁn'.capitalize()
'ǆungla ﬁn ß'.title()
5|upper
none|upper
pad|trim
[pad|trim]
pad.strip()
[pad.lstrip()]
[pad.rstrip()]
'xxaxx'.strip('x')
'xyaxy'.strip('yx')
'xxaxx'|trim('x')
s.split()
s.split(' ')
s.split(' ', 1)
s.rsplit(' ', 1)
s.split('o', 1)
pad.split()
empty.split()
empty.split(',')
'a,,b'.split(',')
'a  b   c'.split(none, 1)
'a  b   c '.rsplit(none, 1)
s.split('')
lines.splitlines()
lines.splitlines(true)
s.partition(', ')
s.partition('zz')
s.rpartition('o')
s.rpartition('zz')
', '.join(words)
', '.join(l)
''.join([])
'-'.join('abc')
s.replace('o', '0')
s.replace('o', '0', 1)
s.replace('', '-')
s.replace('', '-', 3)
u.replace('', '-')
s.startswith('Hello')
s.startswith(('x', 'H'))
s.startswith('W', 12)
s.endswith('World')
s.endswith(('x', 'd'))
s.find('o')
s.find('zz')
s.rfind('o')
u.find('ß')
s.find('o', 5)
s.find('o', 5, 8)
s.index('W')
s.index('zz')
s.count('o')
'aaaa'.count('aa')
'abc'.count('')
'ab'.center(5, '*')
'ab'.center(6, '*')
'abc'.center(6, '*')
'ab'.ljust(4, '.')
'ab'.rjust(4, '.')
'42'.zfill(5)
'-42'.zfill(5)
'a\tb'.expandtabs()
'a\tbc\td'.expandtabs(4)
'abc'.removeprefix('a')
'abc'.removesuffix('c')
'abc'.removesuffix('')
digits.isdigit()
s.isdigit()
'²'.isdigit()
'²'.isdecimal()
'½'.isnumeric()
s.isalpha()
'abc'.isalpha()
'abc1'.isalnum()
empty.isalpha()
'  '.isspace()
'ABC'.isupper()
'ABC1'.isupper()
'123'.isupper()
'abc'.islower()
'Abc Def'.istitle()
'abc_1'.isidentifier()
'1abc'.isidentifier()
'abc'.isascii()
ctrl.isprintable()
s.nonsense()
s.upper
s.__class__
s.__class__.__mro__
''.__class__
d.__class__
d.__len__()
[].append(1)
l.append(4)
l.pop()
l.count(1)
l.index(2)
l.index(9)
l.copy()
d.pop('a')
d.update({})
d.copy()
d.setdefault('x', 1)
(1, 2, 1).count(1)
'{} and {}'.format(1, 'x')
'{1} {0} {x}'.format(1, 2, x=3)
'{0.name}'.format(people[0])
'{0[name]}'.format(people[0])
'{0[0]}'.format(l)
'{:>8}|{:<8}|{:^8}'.format('a', 'b', 'c')
'{:*^9}'.format('mid')
'{:05d}|{:+d}|{: d}'.format(42, 42, 42)
'{:,}|{:_}'.format(1234567, 1234567)
'{:,.2f}'.format(1234567.891)
'{:.3f}|{:.0f}|{:10.2f}|'.format(3.14159, 2.5, 2.675)
'{:e}|{:.2e}|{:g}|{:g}|{:g}'.format(12345.678, 0.00012, 1e10, 0.0001, 100000.0)
'{:.3g}|{:#x}|{:b}|{:o}|{:X}|{:c}'.format(1234.5, 255, 5, 8, 255, 65)
'{:%}|{:.1%}'.format(0.256, 0.256)
'{:010.3f}|{:<010}|{:=+8d}'.format(-3.14159, 5, 7)
'{!r} {!s}'.format('a', 'b')
'{{}} {}'.format(1)
'{:{w}}|'.format('x', w=5)
'{}'.format()
'{x}'.format(y=1)
'{:d}'.format('a')
'{:s}'.format(1)
'{0.__class__}'.format(s)
'{0.__class__.__mro__}'.format(s)
'{:.2}|{:5.1}|'.format('abc', 'xyz')
'{}'.format(none) ~ '{}'.format(true) ~ '{}'.format([1, 'a'])
'{:>5}'.format(none)
'{:05}'.format(true)
'%s %d %r' % ('a', 5, 'b')
'%s' % 5
'%s' % [1, 2]
'%s' % missing
'%05d|%-5d|%+d|% d' % (42, 42, 42, 42)
'%.2f|%8.3f|%e|%g|%G' % (2.675, 3.14159, 12345.678, 0.00001, 1e20)
'%x|%X|%#x|%o|%c|%c' % (255, 255, 255, 8, 'x', 65)
'%(a)s %(b)05d' % {'a': 'x', 'b': 3}
'%s %s' % ('a',)
'%s' % ('a', 'b')
'%d' % 'a'
'%d' % 3.99
'%5s|%-5s|%.2s' % ('a', 'b', 'xyz')
'100%%' % ()
'%%' % ()
'%q' % 1
'%.0f %.0f %.0f' % (0.5, 1.5, 2.5)
'%s and %s'|format('a', 'b')
'%(x)s'|format(x=1)
5|string + 'x'
i|float
'3.7'|int
'abc'|int
'abc'|int(-1)
' 42 '|int
'1_000'|int
'0x1f'|int
'0x1f'|int(base=16)
'ff'|int(0, 16)
'0b11'|int(0, 0)
3.99|int
-3.99|int
'1e3'|int
none|int
[]|int
true|int
big|int
'12345678901234567890123'|int
'3.5'|float
'x'|float
'x'|float(1.5)
'inf'|float
'-1e5'|float
none|float
-5|abs
-5.5|abs
'a'|abs
2.5|round
3.5|round
2.675|round(2)
1234.5|round(-2)
1250|round(-2)
1350|round(-2)
2.1|round(method='ceil')
2.9|round(method='floor')
2.123|round(2, 'ceil')
7|round
5|round(1, 'floor')
l|sort
l|sort(reverse=true)
words|sort
words|sort(case_sensitive=true)
people|sort(attribute='age')|map(attribute='name')|list
people|sort(attribute='age,name')|map(attribute='name')|list
people|sort(attribute='age', reverse=true)|map(attribute='name')|list
[1, 'a']|sort
words|unique|list
words|unique(case_sensitive=true)|list
[1, 1.0, true, 2]|unique|list
l|reverse|list
s|reverse
l|first
l|last
[]|first
[]|last
d|first
d|last
s|first
nothing|first
l|length
d|length
s|count
5|length
l|join
l|join(', ')
people|join(', ', attribute='name')
[1, none, 'a', missing]|join('-')
nothing|join
l|sum
people|sum(attribute='age')
[0.1, 0.2]|sum
[[1], [2]]|sum(start=[])
l|min
l|max
words|min
people|max(attribute='age')
[]|min is defined
l|list
s|list
d|list
d|items|list
missing|items|list
l|items
d|dictsort
d|dictsort(reverse=true)
d|dictsort(by='value')
{'b': 2, 'A': 1}|dictsort
{'b': 2, 'A': 1}|dictsort(true)
people|map(attribute='name')|list
people|map(attribute='tags.0')|list
people|map(attribute='zip', default='none')|list
people|map('length')|list
words|map('upper')|list
words|map('replace', 'p', 'q')|join(' ')
l|map('nonsense')|list
l|map|list
nothing|map('upper')|list
l|select('odd')|list
l|reject('odd')|list
l|select('>', 1)|list
l|select|list
[0, '', none, 1]|select|list
people|selectattr('tags')|map(attribute='name')|list
people|selectattr('tags', 'defined')|map(attribute='name')|list
people|selectattr('age', 'equalto', 30)|map(attribute='name')|list
people|selectattr('age', 'gt', 26)|map(attribute='name')|list
people|selectattr('name', 'in', ['Ann', 'bob'])|list|length
people|rejectattr('age', 'equalto', 30)|map(attribute='name')|list
people|selectattr
l|select('nonsense')|list
(l|select('odd')) is defined
('yes' if l|select('gt', 100) else 'no')
l|select('odd')|length
people|groupby('age')|map('first')|list
people|groupby('age')|map(attribute='grouper')|list
people|groupby('age')|map(attribute='list')|map('length')|list
l|batch(2)|list
l|batch(2, 'x')|list
[1,2,3,4,5,6,7]|slice(3)|list
[1,2,3,4,5,6,7]|slice(3, 'x')|list
missing|default('x')
nothing|default('x')
nothing|default('x', true)
empty|d('x', boolean=true)
0|default(5, true)
missing.a|default('x')
d.zz.y|default('x')
s|replace('o', '0')
s|replace('o', '0', 1)
i|replace(7, 8)
lines|indent
lines|indent(2)
lines|indent(2, true)
lines|indent(2, first=true, blank=true)
lines|indent('> ')
empty|indent
'one'|indent(width=4, first=true)
s|center(30)
s|truncate(10)
s|truncate(10, true)
s|truncate(10, false, '!', 0)
s|truncate(15)
s|wordcount
'a b/c?d=é&e'|urlencode
{'a b': 'c/d', 'x': 1}|urlencode
html|escape
html|e
html|safe
html|safe + '<i>'
'<i>' + (html|safe)
(html|safe) ~ '<i>'
html|e|upper
[html|e]
html|forceescape
d|attr('a')
d|attr('get') is callable
l|tojson
d|tojson
nested|tojson
u|tojson
q|tojson
ctrl|tojson
html|tojson
u|tojson(ensure_ascii=true)
u|tojson(true)
f|tojson
huge|tojson
tiny|tojson
whole|tojson
big|tojson
none|tojson
(1, 2)|tojson
{1: 'a', none: 'b', true: 'c', 1.5: 'd'}|tojson
{(1, 2): 'a'}|tojson
nested|tojson(indent=2)
d|tojson(indent=4)
e|tojson(indent=2)
[]|tojson(indent=2)
[{}, []]|tojson(indent=1)
d|tojson(separators=(',', ':'))
d|tojson(indent=2, separators=(',', ': '))
d|tojson(sort_keys=true)
d|tojson(indent='--')
range(3)|tojson
range(3)
range(1, 10, 3)|list
range(5, 0, -2)|list
range(0)|list
range(2, 10, 0)
range(200000)
range('a')
namespace(a=1).a
namespace({'a': 1}, b=2).b
namespace(a=1).zz
dict(a=1, b=2)
dict([('x', 1)])
dict({'a': 1}, b=2)
cycler('a', 'b').next()
i is number
yes is number
s is number
i is integer
yes is integer
f is integer
f is float
i is float
s is string
i is string
l is sequence
s is sequence
d is sequence
missing is sequence
i is sequence
range(3) is sequence
l is iterable
i is iterable
missing is iterable
d is mapping
l is mapping
yes is boolean
i is boolean
yes is true
1 is true
no is false
nothing is none
missing is none
missing is undefined
i is odd
i is even
neg is odd
'a' is odd
i is divisibleby 7
i is divisibleby(3)
i is eq 7
i is equalto(7)
i is ne 7
i is gt 5
i is lessthan 5
i is in [1, 7]
i is not in [1, 7]
i is sameas 7
nothing is sameas none
s is lower
'abc' is lower
'ABC' is upper
range is callable
s is callable
d.get is callable
'upper' is filter
'nope' is filter
'defined' is test
i is nonsense
s|nonsense
not i is defined
i is defined and s is defined
i is not defined or yes
'x' if i is defined else 'y'
0x1F
0b101
0o17
1_000
1.5e3
1_0.5
'a' 'b' "c"
'\x41\u00e9\101\q\'\"'
"\n\t"|tojson
strftime_now('%d %b %Y')
strftime_now('%Y-%m-%d %H:%M:%S %A %B %a %j %y %I %p %-d %e %U %W %V %u %w %f %% %q')
raise_exception('no')
nothing()
s()
undefined_function()
[1, 2][missing]
d[l]
{l: 1}
people[0].name
people[1]['age'] + 1
people[0]['tags'][0]
people|length
(people|first).name
people[-1].name
s.upper().lower().title()
s.split(',')[0].upper()
words[0][0]
[1, 2, 3].__len__
((1, 2), 3)
[i, [i], {'i': i}]
{'a': {'b': [1]}}.a.b[0]
yes ~ no
1.0 ~ ''
1e100
1e-100
5e-324
1.7976931348623157e308
123456.789e3
0.1
100.0
1e21
12345678.9
4.35 * 100
1.005 * 1000
'é' < 'f'
'\U0001f600' > '\uffff'
-1 ** 2
10 - 2 - 3
2 * 3 + 4 * 5
1 + 2 ~ 3 + 4
not 1 == 2
1 in [1] == true
[1, 2, 3,]
{'a': 1,}
(1, 2,)
dict(a=1).a
s.format
'a'.join(['x', 'y'], 'z')
s.upper(1)
s.split(sep='o')
s.split(maxsplit=1)
s.split(',', maxsplit=1)
'a' is string and 'b' is string
[x for x in l]
l | map('string') | list
l|map('int')|sum
"%.3f"|format(3.14159)
'abc' 'def'[0]
-l[0]
-l|first
(-3)|abs
-3|abs
5 is odd and 4 is even
none is none and not missing
'ß'.casefold()
'x'.encode('utf-8')
'abc'.maketrans
loop
caller
varargs
'''.strip("\n").split("\n")

# Whole templates, parted by lines of ====.
WHOLE = r'''
{% for x in l %}{{ x }}{% endfor %}
====
{% for x in l %}{{ loop.index }}/{{ loop.length }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.revindex0 }} {% endfor %}
====
{% for x in l %}[{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }}]{% endfor %}
====
{% for x in l %}{{ loop.cycle('a', 'b') }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.index0 }}{% endfor %}
====
{% for x in [1, 1, 2] %}{{ loop.changed(x) }} {% endfor %}
====
{% for x in l if x > 1 %}{{ loop.index }}:{{ x }}:{{ loop.last }} {% else %}none{% endfor %}
====
{% for x in l if x > 10 %}{{ x }}{% else %}none{% endfor %}
====
{% for x in [] %}x{% else %}empty {{ i }}{% endfor %}
====
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
====
{% for k in d %}{{ k }};{% endfor %}
====
{% for c in 'a😀b' %}[{{ c }}]{% endfor %}
====
{% for x in missing %}x{% else %}none{% endfor %}
====
{% for x in nothing %}x{% endfor %}
====
{% for x in 5 %}x{% endfor %}
====
{% for a, b in [(1, 2), (3, 4)] %}{{ a + b }} {% endfor %}
====
{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}
====
{% for a, b in [(1,)] %}{{ a }}{% endfor %}
====
{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
====
{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}
====
{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% else %}none{% endfor %}
====
{% for x in l %}{% for y in l %}{% if y == 1 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{% endfor %}
====
{% break %}
====
{% for x in [1] recursive %}{{ x }}{% endfor %}
====
{% for x in [{'n': 1, 'c': [{'n': 2, 'c': []}]}] recursive %}{{ x.n }}@{{ loop.depth }}({{ loop(x.c) }}){% endfor %}
====
{% for x in [1] %}{{ loop(l) }}{% endfor %}
====
{% set x = 1 %}{% for y in l %}{% set x = y %}{{ x }}{% endfor %}{{ x }}
====
{% set x = 1 %}{% if yes %}{% set x = 2 %}{% endif %}{{ x }}
====
{% set ns = namespace(n=0) %}{% for y in l %}{% set ns.n = ns.n + y %}{% endfor %}{{ ns.n }}
====
{% set ns = namespace() %}{% set ns.a, b = 1, 2 %}{{ ns.a }}{{ b }}{{ ns }}
====
{% set d.x = 1 %}
====
{% set missing.x = 1 %}
====
{% set a, b = 1, 2 %}{{ a }}{{ b }}
====
{% set a = 1, 2 %}{{ a }}
====
{% set a, b = 1 %}
====
{% set x %}block {{ i }}{% endset %}[{{ x }}]{{ x is string }}
====
{% set x | upper | replace('A', 'b') %}block a{% endset %}[{{ x }}]
====
{% set x %}{% set inner = 1 %}{% endset %}{{ inner is defined }}
====
{% macro m(a, b=2, c=a) %}[{{ a }},{{ b }},{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 5) }}{{ m(1, c=9) }}{{ m(b=1, a=2) }}
====
{% macro m(a) %}{{ a }}{% endmacro %}[{{ m() }}]
====
{% macro m(a) %}{{ a.x }}{% endmacro %}{{ m() }}
====
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
====
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=2) }}
====
{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, z=4) }}
====
{% macro m() %}{{ i }}{{ later }}{% endmacro %}{% set later = 'L' %}{{ m() }}
====
{% macro m() %}{% set inside = 1 %}{{ inside }}{% endmacro %}{{ m() }}{{ inside is defined }}
====
{% for x in l %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}
====
{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}body {{ i }}{% endcall %}
====
{% macro m() %}<{{ caller(1, 2) }}>{% endmacro %}{% call(a, b) m() %}{{ a }}+{{ b }}{% endcall %}
====
{% macro m() %}<{{ caller }}>{% endmacro %}{{ m() }}
====
{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(5) }}
====
{% macro m() %}x{% endmacro %}{{ m.name }}{{ m.arguments }}
====
{{ m() }}{% macro m() %}x{% endmacro %}
====
{% filter upper %}abc {{ s }}{% endfilter %}
====
{% filter replace('a', 'b') | upper %}abc{% endfilter %}
====
{% with a = 1, b = i %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
====
{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z is defined }}
====
{% if i == 7 %}a{% elif i == 8 %}b{% else %}c{% endif %}
====
{% if no %}a{% elif yes %}b{% else %}c{% endif %}
====
{% if no %}a{% endif %}x
====
{% if missing %}a{% else %}b{% endif %}
====
{% if 'x' %}a{% endif %}{% if 0.0 %}b{% endif %}{% if [] %}c{% endif %}{% if {} %}d{% endif %}{% if none %}e{% endif %}
====
{# comment #}a{#- comment -#} b {# multi
line #}
c
====
{% raw %}{{ not }} {% this %}{% endraw %}
====
  {%- raw -%}  {{ x }}  {%- endraw -%}  b
====
   {% if yes %}
  x
   {% endif %}
y
====
a   {% if yes %}   b   {% endif %}   c
====
a   {%- if yes -%}   b   {%- endif -%}   c
====
a
   {%+ if yes %}
b
{%+ endif %}
c
====
a
{% if yes +%}
b
{% endif %}
====
  {{ i }}  
  {{- i }}  
  {{ i -}}  
x
====
{% if yes %}

two{% endif %}
====
{%- for x in l -%}
  {{ x }}
{%- endfor -%}
====
{% for x in l %}
{{ x }}
{% endfor %}
end
====
	{# c #}
	{% set a = 1 %}
	{{ a }}
====
x {# c #}
y
====
{{ {'a': {'b': 1}}['a']['b'] }}
====
{{ '}}' }}{{ "%}" }}
====
{{ i
}}
{{
i }}
====
{% set x = [
  1,
  2
] %}{{ x }}
====
{% generation %}{{ i }}{% set g = 1 %}{% endgeneration %}{{ g is defined }}
====
{%generation%}a{%endgeneration%}b
====
{% print i %}
====
{{ i }
====
{% if yes %}
====
{% endif %}
====
{% unknown %}
====
{% for %}{% endfor %}
====
{{ 'open }}
====
{{ (1 }}
====
{{ }}
====
{# open
====
{% raw %}
====
{{ 1 2 }}
====
{{ a b }}
====
{{ a. }}
====
{{ | x }}
====
{{ 1 = 2 }}
====
{{ a ? b }}
====
{{ f(a=1, 2) }}
====
{{ f(*l) }}
====
{% macro m(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(*l) }}{{ m(**{'a': 1, 'b': 2, 'c': 3}) }}
====
{% macro m(a=1, b) %}{% endmacro %}
====
{% set 1 = 2 %}
====
{% include 'x' %}
====
{% if x is defined %}a{% else %}b{% endif %}
====
{%- set x = 'a' -%}
{{ x }}

====
{% set j = joiner(', ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}
====
{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}
====
{% set g = l|map('string') %}{{ g|join }}|{{ g|join }}
====
{% set ns = namespace(stop=false) %}{% for x in [1, 2, 3] if not ns.stop %}{{ x }}{% if x == 2 %}{% set ns.stop = true %}{% endif %}{% endfor %}
====
{% for x in l %}{% set loop_x = loop.index %}{% for y in l %}{{ loop_x }}{{ loop.index }} {% endfor %}{% endfor %}
====
{% if no %}{% set i = 1 %}{% endif %}{{ i }}
====
{% for x in [1, 2] %}{{ i }}{% set i = x %}{{ i }} {% endfor %}{{ i }}
====
{% set messages = l %}{% if l[0] == 3 %}{% set messages = l[1:] %}{% set sys = l[0] %}{% endif %}{{ messages }}{{ sys }}
====
{%- macro outer() -%}{%- macro inner(x) -%}({{ x }}){%- endmacro -%}{{ inner(i) }}{%- endmacro -%}{{ outer() }}
====
{{ "a
b" }}
====
line{{ '\n' }}
====


two blank lines before
====
{% if yes %}a{% endif %}
{% if yes %}b{% endif %}

{% if yes %}c{% endif %}
====
{{ l|first if l else 'none' }}
====
{% for x in l|sort %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}
====
{% for p in people|selectattr('age', 'eq', 30) %}{{ loop.index }}{{ p.name }}{{ loop.last }}{{ loop.length }}{% endfor %}
====
{% for m in people %}{% if loop.index0 == 0 and m.name == 'Ann' %}A{% elif (m.age == 25) != (loop.index0 % 2 == 0) %}B{% else %}C{% endif %}{% endfor %}
====
{% for x in (1, 2), (3, 4) %}{{ x }}{% endfor %}
====
{% for x in l, %}{{ x }}{% endfor %}
====
{% set x = i if yes else 0 %}{{ x }}
====
{% if i if yes else no %}a{% endif %}
====
{% for x in l if yes else l %}{{ x }}{% endfor %}
====
{% call undefined_macro() %}x{% endcall %}
====
{% set t = namespace(list=[]) %}{% for x in l %}{% set t.list = t.list + [x * 2] %}{% endfor %}{{ t.list }}
====
{% set _ = l.append(1) %}
====
{{ loop.index }}
====
{% for x in l if loop.index > 1 %}{{ x }}{% endfor %}
====
{% set caller = 5 %}{% macro m() %}{{ caller }}{% endmacro %}{{ m() }}
====
{% for i in l %}{{ i }}{% endfor %}{{ i }}
====
{{ range(3)|map('string')|join(',') }}{% for r in range(2) %}{{ r }}{% endfor %}
====
{{ '%s' % (nothing,) }}{{ '%s' % yes }}{{ '%r' % q }}
====
{% set x = {'role': 'user'} %}{% set x = dict(x, content='hi') %}{{ x }}
'''.strip("\n").split("\n====\n")

TEMPLATES = ["{{ %s }}" % line for line in PRINTED] + WHOLE
