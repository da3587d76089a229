using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Espalier.Server.Tests;

/// <summary>
/// A model that writes what it is made to: blocks that add nothing, an embedding of unit vectors and a head that knows which token follows
/// which. Its tokens are bytes, and pieces of text of which each stands in one place only.
/// </summary>
internal static class ScriptedModel
{
    private const string End = "<|over|>";

    /// <summary>Writes its folder.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="scripts">Of each: a special token that begins it, which a prompt ends with, and the pieces that follow.</param>
    /// <param name="special">Pieces that are special tokens.</param>
    public static string Write(string folder, IReadOnlyDictionary<string, string[]> scripts, params string[] special)
    {
        Directory.CreateDirectory(folder);
        var letters = Enumerable.Range(0, 256).Select(ByteLetter).ToArray();
        string[] pieces = [End, .. scripts.SelectMany(static script => script.Value.Prepend(script.Key)).Distinct()];
        string[] hidden = [End, .. scripts.Keys, .. special];
        int Id(string piece) => 256 + Array.IndexOf(pieces, piece);
        var vocabulary = 256 + pieces.Length;
        var next = Enumerable.Repeat(Id(End), vocabulary).ToArray();
        foreach (var (begin, script) in scripts)
            foreach (var (piece, follows) in script.Prepend(begin).Zip(script.Append(End)))
                next[Id(piece)] = Id(follows);

        ByteLevelTokenizer.Write(folder, letters, pieces.Select(piece => (Id(piece), piece, hidden.Contains(piece))));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), new JsonObject { ["eos_token"] = End }.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = "llama",
            ["vocab_size"] = vocabulary,
            ["hidden_size"] = vocabulary,
            ["intermediate_size"] = 8,
            ["num_hidden_layers"] = 1,
            ["num_attention_heads"] = 2,
            ["num_key_value_heads"] = 1,
            ["head_dim"] = 8,
            ["hidden_act"] = "silu",
            ["max_position_embeddings"] = 2048,
            ["rms_norm_eps"] = 1e-5,
            ["tie_word_embeddings"] = false,
            ["rope_theta"] = 10000.0,
            ["eos_token_id"] = Id(End),
            ["torch_dtype"] = "float32",
        }.ToJsonString());
        WriteWeights(Path.Combine(folder, "model.safetensors"), vocabulary, next);
        return folder;
    }

    private static void WriteWeights(string path, int size, int[] next)
    {
        var (embedding, head) = (new float[size * size], new float[size * size]);
        for (var id = 0; id < size; id++)
            (embedding[id * size + id], head[next[id] * size + id]) = (1, 4);
        var ones = Enumerable.Repeat(1f, size).ToArray();
        (string Name, float[] Values, int[] Shape)[] tensors =
        [
            ("model.embed_tokens.weight", embedding, [size, size]), ("lm_head.weight", head, [size, size]),
            ("model.norm.weight", ones, [size]), ("model.layers.0.input_layernorm.weight", ones, [size]),
            ("model.layers.0.post_attention_layernorm.weight", ones, [size]),
            Zeros("self_attn.q_proj", 16, size), Zeros("self_attn.k_proj", 8, size), Zeros("self_attn.v_proj", 8, size),
            Zeros("self_attn.o_proj", size, 16), Zeros("mlp.gate_proj", 8, size), Zeros("mlp.up_proj", 8, size),
            Zeros("mlp.down_proj", size, 8),
        ];
        var header = new JsonObject();
        var at = 0L;
        foreach (var (name, values, shape) in tensors)
        {
            header[name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray([.. shape.Select(static n => (JsonNode)n)]),
                ["data_offsets"] = new JsonArray(at, at + 4L * values.Length),
            };
            at += 4L * values.Length;
        }
        var json = System.Text.Encoding.UTF8.GetBytes(header.ToJsonString());
        using var file = File.Create(path);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        file.Write(length);
        file.Write(json);
        foreach (var (_, values, _) in tensors)
            file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    private static (string, float[], int[]) Zeros(string name, int rows, int columns) =>
        ($"model.layers.0.{name}.weight", new float[rows * columns], [rows, columns]);

    // The letters that byte-level vocabularies write bytes as: printable ones themselves, the others from U+0100 on.
    private static string ByteLetter(int b)
    {
        static bool IsItself(int b) => b is >= 33 and <= 126 or >= 161 and <= 172 or >= 174;
        return ((char)(IsItself(b) ? b : 256 + Enumerable.Range(0, b).Count(static one => !IsItself(one)))).ToString();
    }
}
