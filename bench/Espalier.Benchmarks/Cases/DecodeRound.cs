using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;

namespace Espalier.Benchmarks;

/// <summary>A prompt taken in and continued greedily: what both cost, and the ids.</summary>
internal sealed record DecodeRound(Cost Prefill, Cost Decode, int[] Ids)
{
    public const int Prompt = 256, Tokens = 64;

    // The first token after the prompt is given, so that both sides are asked for the same.
    private const int First = 7;

    /// <summary>One round here.</summary>
    public static DecodeRound Of(PackedWeights weights)
    {
        int[] ids = [.. Enumerable.Range(0, Prompt).Select(i => 3 + i * 37 % 1000)], made = new int[Tokens];
        using var decoder = new RowDecoder(weights, 1, Prompt + Tokens);
        var prefill = Cost.Of(() => decoder.Begin(0, ids));
        int[] sequence = [0], position = [Prompt], next = [First];
        var sampler = new Sampler(new());
        var decode = Cost.Of(() =>
        {
            for (var i = 0; i < Tokens; i++, position[0]++)
            {
                decoder.Next(sequence, position, next);
                made[i] = next[0] = sampler.Choose(decoder.Logits(0));
            }
        });
        return new(prefill, decode, made);
    }

    /// <summary>What tests/oracles/llama-cpp/speed.mjs says of a round.</summary>
    public static DecodeRound Of(JsonObject told)
    {
        Cost Part(string name) => new((double)told[name]!["wall"]!, (double)told[name]!["cpu"]!);
        return new(Part("prefill"), Part("decode"), [.. told["ids"]!.AsArray().Select(id => (int)id!)]);
    }
}
