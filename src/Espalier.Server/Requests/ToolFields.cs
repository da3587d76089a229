using System.Text.Json;
using System.Text.Json.Nodes;

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
                throw RequestException.Bad($"tools[{i}].function.name is '{OneLine.Clipped(name)}', as that of a tool before it",
                    $"tools[{i}].function.name");
            all.Add((JsonNode)JsonObject.Create(element)!);
        }
        var isOne = !body.Flag("parallel_tool_calls", otherwise: true);
        if (body.Of("tool_choice") is not { } choice)
            return (all.Count == 0 ? null : all, null);
        if (choice.ValueKind == JsonValueKind.Object)
        {
            var chosen = Chosen(body.Object("tool_choice")!);
            return names.Contains(chosen) ? (all, new(chosen, IsOne: true))
                : throw RequestException.Bad($"tool_choice is the function '{OneLine.Clipped(chosen)}', and tools has none of that name",
                    "tool_choice.function.name");
        }
        return body.Text("tool_choice") switch
        {
            "none" => (null, null),
            "auto" => (all.Count == 0 ? null : all, null),
            "required" when all.Count == 0 =>
                throw RequestException.Bad("tool_choice is 'required', and there are no tools", "tool_choice"),
            "required" => (all, new(null, isOne)),
            var other => throw RequestException.Bad($"tool_choice is '{OneLine.Clipped(other!)}': none, auto, required or a function",
                "tool_choice"),
        };
    }

    private static string Chosen(RequestFields choice)
    {
        if (choice.Text("type") != "function")
            throw RequestException.Bad(
                $"{choice.PlaceOf("type")} is {(choice.Text("type") is { } type ? $"'{OneLine.Clipped(type)}'" : "missing")}: only "
                    + $"function",
                choice.PlaceOf("type"), "unsupported");
        var function = choice.Object("function")
            ?? throw RequestException.Bad($"{choice.PlaceOf("function")} is missing", choice.PlaceOf("function"), "missing");
        return function.Text("name")
            ?? throw RequestException.Bad($"{function.PlaceOf("name")} is missing", function.PlaceOf("name"), "missing");
    }

    private static string Name(RequestFields tool)
    {
        if (tool.Text("type") is { } type && type != "function")
            throw RequestException.Bad($"{tool.PlaceOf("type")} is '{OneLine.Clipped(type)}': only function", tool.PlaceOf("type"),
                "unsupported");
        var function = tool.Object("function")
            ?? throw RequestException.Bad($"{tool.PlaceOf("function")} is missing", tool.PlaceOf("function"), "missing");
        var name = function.Text("name");
        if (name is null or { Length: 0 or > 64 })
            throw RequestException.Bad($"{function.PlaceOf("name")} must be a text of 1 to 64 characters", function.PlaceOf("name"));
        _ = function.Text("description");
        _ = function.Object("parameters");
        _ = function.Flag("strict");
        return name;
    }
}
