using Espalier.Server.Loading;
using Microsoft.AspNetCore.Http;

namespace Espalier.Server.Http;

/// <summary><c>GET /v1/models</c>: what is served.</summary>
internal sealed class ModelsEndpoint(ServedModel model)
{
    /// <summary>The list, of one.</summary>
    public Task AllAsync(HttpContext context) => HttpServer.WriteAsync(context, 200, AnswerJson.Object(json =>
    {
        json.WriteString("object", "list");
        json.WriteObjects("data", [model], _ => Fields(json));
    }));

    /// <summary>The model alone.</summary>
    public Task OneAsync(HttpContext context) => HttpServer.WriteAsync(context, 200, AnswerJson.Object(Fields));

    private void Fields(Utf8JsonWriter json)
    {
        json.WriteString("id", model.Name);
        json.WriteString("object", "model");
        json.WriteNumber("created", model.Created.ToUnixTimeSeconds());
        json.WriteString("owned_by", "espalier");
        json.WriteNumber("max_model_len", model.Engine.Context);
    }
}
