using Espalier.Evaluation.FunctionCalls.Decoding;
using Espalier.Evaluation.FunctionCalls.Questions;

namespace Espalier.Evaluation.Tests.FunctionCalls;

/// <summary>Calls in Python's syntax are read as CPython's ast module and BFCL's resolution of it read them.</summary>
public sealed class PythonCallTests
{
    // What CPython 3.11 gives; null where it, or the resolution, fails.
    [Theory]
    [InlineData("[f(a=1, b=[1, 2.5, \"x\"]), g.h(x=\"y\")]", "f(a=1, b=[1, 2.5, 'x']); g.h(x='y')")]
    [InlineData("f(a=1)", "f(a=1)")]
    [InlineData("f(a=1), g()", "f(a=1); g()")]
    [InlineData("```[f(a=1)]```", "f(a=1)")]
    [InlineData("[]", "")]
    [InlineData("", "")]
    [InlineData("Sorry, I cannot help.", null)]
    [InlineData("None", null)]
    [InlineData("[f(a=True, b=None, c=-3, d=-2.5e-3)]", "f(a=True, b=None, c=-3, d=-0.0025)")]
    [InlineData(
        "[f(a='it\\'s', b=\"a\\tb\\\\c\\x41\\u00e9\\101\", c=r'\\d', d='a' \"b\" 'c')]",
        "f(a=\"it's\", b='a\\tb\\\\cAéA', c='\\\\d', d='abc')")]
    [InlineData("[f(a={'k': [1, (2, 3)], \"m\": {}}, b=(1,), c=())]", "f(a={'k': [1, (2, 3)], 'm': {}}, b=(1,), c=())")]
    [InlineData("[a.b.c.d(x=1)]", "a.b.c.d(x=1)")]
    [InlineData("[f(1, 2, a=3)]", "f(a=3)")]
    [InlineData("[f(a=x, b=true)]", "f(a='x', b='true')")]
    [InlineData("[f(a=+5, b=not 1, c=~True, d=- 7)]", "f(a=-5, b=-1, c=-1, d=-7)")]
    [InlineData("[f(a=60*60, b=7//2, c=-7%3, d=2**-1, e=\"a\"+\"b\", f=[1]*2)]", "f(a=3600, b=3, c=2, d=0.5, e='ab', f=[1, 1])")]
    [InlineData(
        "[f(a=g(1, \"b\"), b=g(x=1), c=d[0], e=d[\"k\"], h=g.now())]",
        "f(a=\"g(1, 'b')\", b={'g': {'x': 1}}, c='d[0]', e=\"d['k']\", h='g.now()')")]
    [InlineData("[f(a=x.y)]", null)]
    [InlineData("[f(a=[x for x in y])]", null)]
    [InlineData("[f(a=f\"{x}\")]", null)]
    [InlineData("[f(a={1, 2})]", null)]
    [InlineData("[f(a=1 if b else 2)]", null)]
    [InlineData("[f(a=1 < 2)]", null)]
    [InlineData("[f(a=lambda: 1)]", null)]
    [InlineData("[f(*a, **b)]", "f(None='b')")]
    [InlineData("[f(a=1, a=2)]", "f(a=2)")]
    [InlineData("[f(a=1, 2)]", null)]
    [InlineData("[f(a=007)]", null)]
    [InlineData("[f(a=1_000, b=0xff, c=1e5, d=.5, e=10., f=1e400)]", "f(a=1000, b=255, c=100000.0, d=0.5, e=10.0, f=inf)")]
    [InlineData("[f(class=1)]", null)]
    [InlineData("[f(a-b=1)]", null)]
    [InlineData("[f(a=1)", "f(a=1)")]
    [InlineData("f(a=\"x)", null)]
    [InlineData("[f(a=1)] trailing", null)]
    [InlineData("[[f(a=1)]]", null)]
    [InlineData("([f(a=1)])", null)]
    [InlineData("[f(a='''x\ny''')]", "f(a='x\\ny')")]
    [InlineData("[f(\n  a=1,  # one\n  b=2,\n)]", "f(a=1, b=2)")]
    [InlineData("[f(a=..., b={k: 1}, c={'x': 1, 'x': 2})]", "f(a='...', b={'k': 1}, c={'x': 2})")]
    [InlineData("[f(a={[1]: 2})]", null)]
    [InlineData("[f(a={**b})]", null)]
    [InlineData("{f(a=1)}", null)]
    [InlineData("[f(a=1){g(b=2)}]", null)]
    [InlineData("[f(1)(a=2), \"x\".format(b=3), d[0].m(c=4)]", "(a=2); format(b=3); m(c=4)")]
    [InlineData("[f(a=b\"x\")]", "f(a=b'x')")]
    [InlineData("[f(a=1j)]", "f(a=1j)")]
    [InlineData("[f(a=-x)]", null)]
    [InlineData("[f(a=--5)]", null)]
    [InlineData("[f(a=\"x\" 5)]", null)]
    [InlineData("[f(a=x + 1)]", null)]
    [InlineData("[f(a=10/4, b=1<<4, c=5&3|8, d=(1+2)*3)]", "f(a=2.5, b=16, c=9, d=9)")]
    [InlineData("f(a=1);", null)]
    [InlineData("[f(x := 5, a=1)]", "f(a=1)")]
    [InlineData(
        "[f(a=g(x, *y, z=1), b=g(x > 1, [1,2], {'a':1}, -1, a.b))]",
        "f(a={'g': {'z': 1}}, b=\"g(x > 1, [1, 2], {'a': 1}, -1, a.b)\")")]
    [InlineData("[f(a=\"\\q\\\nz\")]", "f(a='\\\\qz')")]
    [InlineData("[f(a='\\x4')]", null)]
    [InlineData("[f(a='a\nb')]", null)]
    [InlineData("[f(a=1)for x in y]", null)]
    [InlineData("[f(x for x in y)]", "f()")]
    [InlineData("[f([*x for x in y], a=1)]", null)]
    [InlineData("[f([x for 1 in y], a=1)]", null)]
    [InlineData("[f([x for x, *y in z if x], a=1)]", "f(a=1)")]
    [InlineData("[f(a=d[1:2], b=d[1, 2])]", "f(a='d[1:2]', b='d[(1, 2)]')")]
    [InlineData("[print(a=print, b=match)]", "print(a='print', b='match')")]
    [InlineData(
        "[f(a=0.1, b=1e16, c=123456789.123, d=1e-5, e=100.0, f=-0.0)]",
        "f(a=0.1, b=1e+16, c=123456789.123, d=1e-05, e=100.0, f=-0.0)")]
    [InlineData("[f(a=12345678901234567890123)]", "f(a=12345678901234567890123)")]
    public void Calls_are_read_as_pythons_syntax_trees_say(string answer, string? calls)
    {
        foreach (var syntax in new[] { CallSyntax.Prompting, CallSyntax.Any })
        {
            var decoded = CallDecoder.Decode(answer, CallLanguage.Python, syntax);
            Assert.Equal(calls ?? "", string.Join("; ", decoded.Calls));
            Assert.Equal(calls is null, decoded.Failure is not null);
        }
    }

    [Fact]
    public void A_number_is_what_python_compares_it_as()
    {
        var values = CallDecoder.Decode("f(a=1, b=1.0, c=True, d=[1], e=(1,), f='1')", CallLanguage.Python).Calls[0].Arguments;
        Assert.True(values.Get("a")!.IsEqual(values.Get("b")!));
        Assert.True(values.Get("b")!.IsEqual(values.Get("c")!));
        Assert.False(values.Get("d")!.IsEqual(values.Get("e")!));
        Assert.False(values.Get("a")!.IsEqual(values.Get("f")!));
        Assert.Equal(["int", "float", "bool", "list", "tuple", "str"], values.Entries.Select(entry => entry.Value.TypeName));
    }
}
