using System.Buffers.Binary;
using Espalier.Server.Answers;
using Espalier.Server.Loading;
using Espalier.Server.Requests;
using Microsoft.AspNetCore.Http;

namespace Espalier.Server.Http;

/// <summary><c>POST /v1/embeddings</c>: texts as vectors of length 1.</summary>
internal sealed class EmbeddingsEndpoint(ServedModel model)
{
    public EmbeddingRequest Read(JsonElement body) => EmbeddingRequest.Read(new(body), model.Name, model.Engine.Config.HiddenSize);

    public async Task RunAsync(HttpContext context, EmbeddingRequest request)
    {
        var prompts = request.Inputs.Select(input => model.Encode(input, "input")).ToArray();
        var all = await EmbeddingSet.ComputeAsync(model, prompts, context.RequestAborted).ConfigureAwait(false);
        await HttpServer.WriteAsync(context, 200, AnswerJson.Object(json =>
        {
            json.WriteString("object", "list");
            json.WriteObjects("data", all.Index(), one =>
            {
                json.WriteString("object", "embedding");
                json.WriteNumber("index", one.Index);
                if (request.IsBase64)
                    json.WriteBase64String("embedding", LittleEndian(one.Item));
                else
                    json.WriteList("embedding", one.Item, json.WriteNumberValue);
            });
            json.WriteString("model", model.Name);
            json.WriteStartObject("usage");
            var count = prompts.Sum(static prompt => prompt.Length);
            json.WriteNumber("prompt_tokens", count);
            json.WriteNumber("total_tokens", count);
            json.WriteEndObject();
        })).ConfigureAwait(false);
    }

    private static byte[] LittleEndian(float[] embedding)
    {
        var bytes = new byte[sizeof(float) * embedding.Length];
        for (var i = 0; i < embedding.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(sizeof(float) * i), embedding[i]);
        return bytes;
    }
}
