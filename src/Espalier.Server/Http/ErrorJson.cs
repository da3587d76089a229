using System.Text.Json;
using Espalier.Server.Requests;

namespace Espalier.Server.Http;

/// <summary>An error in the fields that OpenAI's clients read.</summary>
internal static class ErrorJson
{
    /// <summary>Its body.</summary>
    public static byte[] Of(RequestException error) => AnswerJson.Object(json =>
    {
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Type);
        Maybe(json, "param", error.Param);
        Maybe(json, "code", error.Code);
        json.WriteEndObject();
    });

    private static void Maybe(Utf8JsonWriter json, string name, string? value)
    {
        if (value is null)
            json.WriteNull(name);
        else
            json.WriteString(name, value);
    }
}
