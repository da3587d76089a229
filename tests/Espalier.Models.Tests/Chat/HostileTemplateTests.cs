using Espalier.Models.Chat;
using Espalier.Models.Chat.Python;

namespace Espalier.Tests.Chat;

/// <summary>Templates that want the machine, or more than they were given, get an error that names a line.</summary>
public sealed class HostileTemplateTests
{
    [Theory]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) if false %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "nested deeper")]
    [InlineData("{% macro m() %}{% for x in [1] %}{{ caller() }}{% endfor %}{% endmacro %}{% macro n() %}{% call m() %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}", "nested deeper")]
    [InlineData("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "nested deeper")]
    [InlineData("{{ 'x' * 10**9 }}", "characters")]
    [InlineData("{{ 'x' * 10**30 }}", "characters")]
    [InlineData("{{ [1] * 10**9 }}", "entries")]
    [InlineData("{{ (1,) * 10**30 }}", "entries")]
    [InlineData("{{ 10 ** (10 ** 9) }}", "too large")]
    [InlineData("{{ 7 ** (7 ** 7) }}", "too large")]
    [InlineData("{% set ns = namespace(n=2) %}{% for x in range(99999) %}{% set ns.n = ns.n * ns.n %}{% endfor %}", "too large")]
    [InlineData("{{ 10.0 ** 400 }}", "too large")]
    [InlineData("{% set ns = namespace(s='xxxxxxxxxxxxxxxx') %}{% for x in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "characters")]
    [InlineData("{% set ns = namespace(s='xxxxxxxxxxxxxxxx') %}{% for x in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", "characters")]
    [InlineData("{% set ns = namespace(l=[1]) %}{% for x in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}", "entries")]
    [InlineData("{% set ns = namespace(l=[1]) %}{% for x in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}", "")]
    [InlineData("{% set ns = namespace(l=[1]) %}{% for x in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|tojson }}", "")]
    [InlineData("{% set ns = namespace(a=[1], b=[1]) %}{% for x in range(99) %}{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}", "steps")]
    [InlineData("{% set ns = namespace(a=(1,), b=(1,)) %}{% for x in range(99) %}{% set ns.a = (ns.a, ns.a) %}{% endfor %}{{ {ns.a: 1} }}", "cannot be a key")]
    [InlineData("{% set ns = namespace(l=[1]) %}{% for x in range(99999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l|string|length }}", "nested deeper")]
    [InlineData("{% set ns = namespace(l=[1]) %}{% for x in range(99999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l == [ns.l] }}", "nested deeper")]
    [InlineData("{{ 'x'.center(10**9) }}", "characters")]
    [InlineData("{{ 'x'.zfill(10**12) }}", "characters")]
    [InlineData("{{ 'x\t'.expandtabs(10**12) }}", "characters")]
    [InlineData("{{ 'x'.ljust(10**18) }}", "characters")]
    [InlineData("{{ '%999999999d' % 1 }}", "characters")]
    [InlineData("{{ '%.999999999f' % 1 }}", "digits")]
    [InlineData("{{ '%*d' % (999999999, 1) }}", "characters")]
    [InlineData("{{ '{:999999999}'.format('x') }}", "characters")]
    [InlineData("{{ '{:.999999999f}'.format(1) }}", "digits")]
    [InlineData("{{ '{:99999999999999999999}'.format(1) }}", "too large")]
    [InlineData("{{ 'a\\nb'|indent(10**9) }}", "characters")]
    [InlineData("{{ [[1]]|tojson(indent=10**9) }}", "characters")]
    [InlineData("{% set x = 'ab' * 100000 %}{{ x.replace('', x) }}", "characters")]
    [InlineData("{% set x = 'a' * 4000000 %}{% for i in range(99999) %}{% if x in x ~ 'b' %}{% endif %}{% endfor %}", "")]
    [InlineData("{% set x = 'a' * 4000000 %}{% set y = 'a' * 4000000 %}{% for i in range(99999) %}{% if x == y %}{% endif %}{% endfor %}", "steps")]
    [InlineData("{% set x = 'a' * 4000000 %}{% set d = {x: 1} %}{% for i in range(99999) %}{% if d[x] %}{% endif %}{% endfor %}", "steps")]
    [InlineData("{% set x = 'a' * 4000000 %}{% for i in range(99999) %}{% if x[5] %}{% endif %}{% endfor %}", "steps")]
    [InlineData("{% set x = 'a' * 4000000 %}{% for i in range(99999) %}{% if x|length %}{% endif %}{% endfor %}", "steps")]
    [InlineData("{{ range(10**6) }}", "range()")]
    [InlineData("{{ range(0, 10**18, 1) }}", "range()")]
    [InlineData("{{ range(99999)|batch(10**9, 0)|list }}", "entries")]
    [InlineData("{{ [1]|slice(10**9)|list }}", "entries")]
    [InlineData("{{ ''.__class__.__mro__ }}", "__class__")]
    [InlineData("{{ ''['__class__'].__mro__ }}", "__class__")]
    [InlineData("{{ (''|attr('__class__')).x }}", "__class__")]
    [InlineData("{{ range.__globals__.x }}", "__globals__")]
    [InlineData("{{ namespace.__init__.__globals__ }}", "__init__")]
    [InlineData("{{ '{0.__class__.__mro__}'.format('') }}", "__class__")]
    [InlineData("{{ '{x.__class__.x}'.format_map({'x': 1}) }}", "__class__")]
    [InlineData("{{ messages.append(1) }}", "append")]
    [InlineData("{{ messages[0].update({'role': 'x'}) }}", "update")]
    [InlineData("{{ messages[0].pop('role') }}", "pop")]
    [InlineData("{% set messages[0].role = 'x' %}", "")]
    [InlineData("{% include '/etc/passwd' %}", "include")]
    [InlineData("{% import 'os' as os %}", "import")]
    [InlineData("{% extends 'x' %}", "extends")]
    public void A_hostile_template_ends_with_an_error_that_has_a_line(string template, string says)
    {
        var before = GC.GetTotalAllocatedBytes();
        var error = Assert.Throws<EspalierException>(() => ChatTemplate.Of(template, "hostile").Render([ChatMessage.User("hello")]));
        Assert.StartsWith("hostile, line 1: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 8L << 30);
    }

    [Theory]
    [InlineData("(")]
    [InlineData("[")]
    [InlineData("{1:")]
    [InlineData("not ")]
    [InlineData("-")]
    [InlineData("a[")]
    [InlineData("f(")]
    [InlineData("1 if 2 else ")]
    [InlineData("a|f(")]
    [InlineData("x is y(")]
    public void Expressions_nested_a_hundred_thousand_deep_are_an_error(string opening) =>
        RunsWithoutOverflow("{{ " + string.Concat(Enumerable.Repeat(opening, 100_000)));

    [Theory]
    [InlineData("+ 1")]
    [InlineData("~ 1")]
    [InlineData("|upper")]
    [InlineData(".x")]
    [InlineData("[0]")]
    [InlineData("and 1")]
    [InlineData("is defined")]
    [InlineData("if 1 else 2")]
    [InlineData("'a'")]
    [InlineData("== 1")]
    public void Chains_of_a_hundred_thousand_links_do_not_overflow_the_stack(string link) =>
        RunsWithoutOverflow("{{ '' " + string.Concat(Enumerable.Repeat($" {link}", 100_000)) + " }}");

    [Theory]
    [InlineData("{% if 1 %}", "{% endif %}")]
    [InlineData("{% for x in [1] %}", "{% endfor %}")]
    [InlineData("{% macro m() %}", "{% endmacro %}")]
    [InlineData("{% filter upper %}", "{% endfilter %}")]
    [InlineData("{% set x %}", "{% endset %}")]
    [InlineData("{% generation %}", "{% endgeneration %}")]
    [InlineData("{% set ((((", "x")]
    public void Blocks_nested_twenty_thousand_deep_do_not_overflow_the_stack(string open, string close) =>
        RunsWithoutOverflow(string.Concat(Enumerable.Repeat(open, 20_000)) + string.Concat(Enumerable.Repeat(close, 20_000)));

    [Fact]
    public void Limits_may_be_tighter()
    {
        var template = ChatTemplate.Of("{% for x in range(100) %}{{ messages[0].content }}{% endfor %}", "t");
        Assert.Equal(500, template.Render([ChatMessage.User("hello")]).Length);
        foreach (var limits in new TemplateLimits[] { new() { Steps = 100 }, new() { Text = 100 }, new() { AllTexts = 100 } })
            Assert.Throws<EspalierException>(() => template.Render([ChatMessage.User("hello")], new ChatOptions { Limits = limits }));
    }

    // The process would end with the test run if it did.
    private static void RunsWithoutOverflow(string template)
    {
        try
        {
            ChatTemplate.Of(template, "deep").Render([ChatMessage.User("hello")]);
        }
        catch (EspalierException error)
        {
            Assert.StartsWith("deep, line ", error.Message, StringComparison.Ordinal);
        }
    }
}
