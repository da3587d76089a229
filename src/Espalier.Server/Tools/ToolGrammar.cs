using Espalier.Models.Grammars;
using Espalier.Models.Grammars.Schemas;
using Espalier.Server.Requests;

namespace Espalier.Server.Tools;

/// <summary>Calls as a grammar, in the form that a model was trained on.</summary>
/// <param name="tokens">The vocabulary, which may have a token for a form's marks.</param>
internal sealed class ToolGrammar(ToolForm form, TokenTable tokens)
{
    // As many as a message may have.
    private const int MostCalls = 128;

    /// <summary>Nothing but calls.</summary>
    /// <param name="tools">What may be called, as requests have them.</param>
    /// <exception cref="EspalierException">
    /// Parameters that are to be kept strictly say what is not supported. Others give an object of any shape then.
    /// </exception>
    public GrammarNode Of(JsonArray tools, ToolChoice choice)
    {
        var call = new GrammarChoice(
            [.. tools.Select((tool, i) => (Function: (JsonObject)tool!["function"]!, Place: $"tools[{i}].function"))
            .Where(tool => choice.Name is null || (string)tool.Function["name"]! == choice.Name)
            .Select(tool => Call(tool.Function, tool.Place))]);
        return form switch
        {
            ToolForm.Tagged or ToolForm.Marked => Several(new GrammarSequence(
                tokens.Mark("<tool_call>"), JsonSyntax.Space, call, JsonSyntax.Space, tokens.Mark("</tool_call>")), JsonSyntax.Space,
                    choice),
            ToolForm.Listed => new GrammarSequence(
                tokens.Mark("[TOOL_CALLS]"), JsonSyntax.Space, JsonSyntax.List(call, 1, choice.IsOne ? 1 : MostCalls)),
            ToolForm.Channels => new GrammarSequence(JsonSyntax.Maybe(Thoughts(tokens)), call),
            _ => Several(call, new GrammarSequence(JsonSyntax.Text(";"), JsonSyntax.Space), choice),
        };
    }

    private static GrammarSequence Several(GrammarNode call, GrammarNode between, ToolChoice choice) =>
        new(call, new GrammarRepeat(new GrammarSequence(between, call), 0, choice.IsOne ? 0 : MostCalls - 1));

    /// <summary>An answer in channels that fits a schema, with thoughts before it or none.</summary>
    public static GrammarNode Answer(TokenTable tokens, GrammarNode schema) => new GrammarSequence(JsonSyntax.Maybe(Thoughts(tokens)),
        tokens.Mark(ChannelText.Channel), JsonSyntax.Text("final"), tokens.Mark(ChannelText.Message), schema);

    private static GrammarSequence Thoughts(TokenTable tokens) => new(
        tokens.Mark(ChannelText.Channel), JsonSyntax.Text("analysis"), tokens.Mark(ChannelText.Message),
        new GrammarRepeat(JsonSyntax.TextCharacter, 0, null),
        tokens.Mark(ChannelText.End), tokens.Mark(ChannelText.Start), JsonSyntax.Text("assistant"));

    private GrammarNode Call(JsonObject function, string place) => form == ToolForm.Marked ? new MarkedGrammar(function, place).Call()
        : form == ToolForm.Channels ? new GrammarSequence(tokens.Mark(ChannelText.Channel),
            JsonSyntax.Text($"commentary to=functions.{function["name"]} "), tokens.Mark(ChannelText.Constrain), JsonSyntax.Text("json"),
            tokens.Mark(ChannelText.Message), Arguments(function, place))
        : JsonSyntax.Braces(new GrammarSequence(
        JsonSyntax.Pair(JsonSyntax.Text("\"name\""), JsonSyntax.Quoted((string)function["name"]!)),
        JsonSyntax.Text(","), JsonSyntax.Space,
        JsonSyntax.Pair(JsonSyntax.Text(form == ToolForm.Bare ? "\"parameters\"" : "\"arguments\""), Arguments(function, place))));

    private static GrammarNode Arguments(JsonObject function, string place)
    {
        if (function["parameters"] is not JsonObject parameters)
            return JsonSyntax.Object;
        using var document = JsonDocument.Parse(parameters.ToJsonString());
        try
        {
            var read = SchemaReader.Read(document.RootElement, $"{place}.parameters");
            // A schema that no object fits is refused as a whole; one that fits other values too is kept to objects.
            return IsObject(document.RootElement) ? read : JsonSyntax.Object;
        }
        catch (EspalierException) when (!IsStrict(function))
        {
            return JsonSyntax.Object;
        }
    }

    /// <summary>Whether what cannot be kept of a function's parameters is refused.</summary>
    public static bool IsStrict(JsonObject function) =>
        function["strict"] is JsonValue strict && strict.TryGetValue<bool>(out var isStrict) && isStrict;

    private static bool IsObject(JsonElement schema) =>
        !schema.TryGetProperty("type", out var type) ? schema.EnumerateObject().Any()
            : type.ValueKind == JsonValueKind.String && type.GetString() == "object";
}
