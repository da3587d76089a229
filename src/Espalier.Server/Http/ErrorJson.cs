using Espalier.Server.Requests;

namespace Espalier.Server.Http;

/// <summary>An error in the fields that OpenAI's clients read.</summary>
internal static class ErrorJson
{
    public static byte[] Of(RequestException error) => AnswerJson.Object(json =>
    {
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Type);
        json.WriteString("param", error.Param);
        json.WriteString("code", error.Code);
        json.WriteEndObject();
    });
}
