using Espalier.Models.Chat;

namespace Espalier.Tests.Chat;

/// <summary>Our own templates over our own conversations, against what transformers renders (tests/golden/chat).</summary>
public sealed class RenderedGoldenTests
{
    [Fact]
    public void Templates_render_as_transformers_does_and_refuse_what_it_refuses()
    {
        var conversations = File.ReadAllLines(Fixtures.Golden("chat", "conversations.jsonl")).Select(static line => JsonNode.Parse(line)!)
            .ToDictionary(static one => one["name"]!.GetValue<string>());
        var cases = File.ReadAllLines(Fixtures.Golden("chat", "rendered.jsonl")).Select(static line => JsonNode.Parse(line)!).ToList();
        var templates = new GoldenTemplates(name => File.ReadAllText(Fixtures.Golden("chat", "templates", $"{name}.jinja")), GoldenTemplates.Tokens);
        var wrong = cases.Select(golden => templates.Differs(golden, conversations[golden["conversation"]!.GetValue<string>()]))
            .OfType<string>().ToList();
        Assert.True(cases.Count > 400);
        Assert.True(cases.Count(static golden => golden["expected"] is not null) > 300);
        Assert.Contains(cases, static golden => golden["generated"] is not null);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {cases.Count} differ:\n{string.Join("\n\n", wrong.Take(20))}");
    }
}
