namespace Espalier.Server.Requests;

/// <summary>The fields of a body that say what may be called, and what must be.</summary>
internal static class ToolFields
{
    private const int MostTools = 128;

    /// <summary>Reads them.</summary>
    /// <returns>The tools, null for none; and which must be called, null where none must.</returns>
    public static (JsonArray? Tools, ToolChoice? Choice) Read(RequestFields body)
    {
        var all = new JsonArray();
        var names = new HashSet<string>();
        foreach (var (element, i) in (body.List("tools", MostTools) ?? []).Select(static (tool, i) => (tool, i)))
        {
            var name = Name(new(element, $"tools[{i}]"));
            if (!names.Add(name))
                throw RequestException.Bad($"tools[{i}].function.name is '{OneLine.Clipped(name)}', the same as an earlier tool's",
                    $"tools[{i}].function.name");
            all.Add((JsonNode)JsonObject.Create(element.Clone())!);
        }
        var isOne = !body.Flag("parallel_tool_calls", otherwise: true);
        if (body.Of("tool_choice") is not { } choice)
            return (all.Count == 0 ? null : all, null);
        if (choice.ValueKind == JsonValueKind.Object)
        {
            var chosen = Chosen(body.Object("tool_choice")!);
            return names.Contains(chosen) ? (all, new(chosen, IsOne: true))
                : throw RequestException.Bad($"tool_choice is the function '{OneLine.Clipped(chosen)}', but tools has none of that name",
                    "tool_choice.function.name");
        }
        return body.Text("tool_choice") switch
        {
            "none" => (null, null),
            "auto" => (all.Count == 0 ? null : all, null),
            "required" when all.Count == 0 =>
                throw RequestException.Bad("tool_choice is 'required', but there are no tools", "tool_choice"),
            "required" => (all, new(null, isOne)),
            var other => throw RequestException.Bad($"tool_choice is '{OneLine.Clipped(other!)}'; it must be none, auto, required or a "
                + "function",
                "tool_choice"),
        };
    }

    private static string Chosen(RequestFields choice)
    {
        if (choice.Text("type") != "function")
            throw choice.Refused("type",
                $"is {(choice.Text("type") is { } type ? $"'{OneLine.Clipped(type)}'" : "missing")}: only function", "unsupported");
        var function = choice.Object("function") ?? throw choice.Missing("function");
        return function.Text("name") ?? throw function.Missing("name");
    }

    private static string Name(RequestFields tool)
    {
        if (tool.Text("type") is { } type && type != "function")
            throw tool.Refused("type", $"is '{OneLine.Clipped(type)}'; only function is supported", "unsupported");
        var function = tool.Object("function") ?? throw tool.Missing("function");
        var name = function.Text("name");
        if (name is null or { Length: 0 or > 64 })
            throw function.Refused("name", "must be a text of 1 to 64 characters");
        _ = function.Text("description");
        _ = function.Object("parameters");
        _ = function.Flag("strict");
        return name;
    }
}
