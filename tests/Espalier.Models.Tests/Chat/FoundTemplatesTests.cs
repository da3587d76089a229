using Espalier.Models.Chat;

namespace Espalier.Tests.Chat;

/// <summary>
/// Templates of others, which are not part of the project, against what transformers renders; see tests/golden/generators/chat.py.
/// </summary>
public sealed class FoundTemplatesTests
{
    private const string Variable = "ESPALIER_CHAT_CASES";

    [CasesFact]
    public void Templates_that_were_found_render_as_transformers_does()
    {
        var lines = File.ReadLines(Environment.GetEnvironmentVariable(Variable)!);
        var conversations = JsonNode.Parse(lines.First())!["conversations"]!.AsObject();
        foreach (var (name, conversation) in conversations)
            conversation!["name"] = name;
        var (sources, wrong, count) = (new Dictionary<string, string>(), new List<string>(), 0);
        var templates = new GoldenTemplates(name => sources[name], GoldenTemplates.Tokens);
        foreach (var golden in lines.Skip(1).Select(static line => JsonNode.Parse(line)!))
        {
            sources[golden["template"]!.GetValue<string>()] = golden["source"]!.GetValue<string>();
            count++;
            if (templates.Differs(golden, conversations[golden["conversation"]!.GetValue<string>()]!) is { } difference)
                wrong.Add(difference);
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count} differ, {sources.Count} templates:\n{string.Join("\n\n", wrong.Take(20))}");
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class CasesFactAttribute : FactAttribute
    {
        public CasesFactAttribute()
        {
            if (Environment.GetEnvironmentVariable(Variable) is null)
                Skip = $"needs {Variable}, a file that tests/golden/generators/chat.py makes of templates of others";
        }
    }
}
