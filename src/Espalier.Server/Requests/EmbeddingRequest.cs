namespace Espalier.Server.Requests;

/// <summary>A body of <c>/v1/embeddings</c>.</summary>
/// <param name="Inputs">Texts, or ids, each embedded by itself.</param>
/// <param name="IsBase64">Whether numbers come as the bytes of float32 values, in base64.</param>
internal sealed record EmbeddingRequest(IReadOnlyList<Prompt> Inputs, bool IsBase64)
{
    // As many as OpenAI takes.
    private const int MostInputs = 2048;

    private static readonly string[] s_names = ["model", "input", "encoding_format", "dimensions", "user"];

    /// <summary>Reads a body.</summary>
    /// <param name="model">The name of the model that is served.</param>
    /// <param name="width">Numbers of an embedding.</param>
    public static EmbeddingRequest Read(RequestFields fields, string model, int width)
    {
        fields.Know(s_names);
        AnswerOptions.RequireModel(fields, model);
        _ = fields.Text("user");
        if (fields.Whole("dimensions", 1, int.MaxValue) is { } dimensions && dimensions != width)
            throw RequestException.Bad(
                $"dimensions is {dimensions} but this model's embeddings have {width} and were not trained to be truncated: leave "
                    + $"dimensions out",
                "dimensions", "unsupported");
        var isBase64 = fields.Text("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            var other => throw RequestException.Bad($"encoding_format is '{OneLine.Clipped(other)}'; it must be float or "
                + "base64", "encoding_format"),
        };
        var inputs = Prompt.Read(fields, "input", MostInputs);
        for (var i = 0; i < inputs.Count; i++)
            if (inputs[i] is { Text.Length: 0 } or { Ids.Length: 0 })
                throw RequestException.Bad($"input {i} is empty: give a text", "input");
        return new(inputs, isBase64);
    }
}
