using Espalier.Models.Chat;
using Espalier.Models.Chat.Jinja;
using Espalier.Models.Chat.Python;

namespace Espalier.Tests.Chat;

/// <summary>Small templates against what jinja2 renders as transformers configures it (tests/golden/chat).</summary>
public sealed class ExpressionGoldenTests
{
    /// <summary>Where the goldens' clock stands.</summary>
    internal static readonly DateTime Now = new(2025, 7, 4, 9, 5, 3);

    [Fact]
    public void Small_templates_render_as_jinja2_does_and_fail_where_it_fails()
    {
        var lines = File.ReadAllLines(Fixtures.Golden("chat", "expressions.jsonl"));
        var variables = JsonNode.Parse(lines[0])!["variables"]!.AsObject();
        var wrong = lines.Skip(1).Select(static line => JsonNode.Parse(line)!)
            .Select(golden => (Template: golden["template"]!.GetValue<string>(), Expected: Expected(golden),
                Ours: Rendered(golden["template"]!.GetValue<string>(), variables)))
            .Where(static golden => golden.Expected is null != golden.Ours.StartsWith(Failed, StringComparison.Ordinal)
                || golden.Expected is not null && golden.Expected != golden.Ours)
            .Where(static golden => KeepsTinyNumbers || !golden.Template.Contains("5e-324", StringComparison.Ordinal)).ToList();
        Assert.True(lines.Length > 800);
        Assert.True(wrong.Count == 0, $"{wrong.Count} differ:\n{string.Join('\n', wrong)}");
    }

    // A thread that has computed with libtorch takes numbers below the normal ones for zero.
    private static bool KeepsTinyNumbers => BitConverter.Int64BitsToDouble(1) * 2 > 0;

    private const string Failed = "\0failed: ";

    private static string? Expected(JsonNode golden) => golden["expected"]?.GetValue<string>();

    private static string Rendered(string template, JsonObject variables)
    {
        try
        {
            var values = variables.Select(static variable => (variable.Key, JsonValues.Of(variable.Value)));
            return new JinjaTemplate(template).Render(values, Now, new()).Text;
        }
        catch (TemplateFault fault)
        {
            Assert.True(fault.Line > 0, $"no line: {template}");
            return Failed + fault.Message;
        }
    }
}
