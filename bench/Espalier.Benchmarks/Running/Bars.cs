using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>Every bar, in the order of the design.</summary>
internal static class Bars
{
    private const string PyTorch = "the best form of the PyTorch script";

    public static IReadOnlyList<Bar> All { get; } =
    [
        new("P1", "full distillation step, float32", PyTorch, ">= 1.2", Shapes, input => Step(input, bfloat16: false)),
        new("P1c", "full distillation step, bf16 products", PyTorch + ", autocast or not", ">= 1.2", Shapes, input => Step(input, bfloat16: true)),
        new("P9", "tokenizer, 20 MB of mixed text, exact ids", "Hugging Face tokenizers", ">= 5 cold; one letter <= 3 of prose", TokenizerCase.Subjects, TokenizerCase.Run) { Threads = [2] },
        new("P16", "prefill and decoding, float32 weights", "llama.cpp, F32", ">= 1.3 and >= 1.0", Models, input => Decode(input, WeightFormat.Float32)),
        new("P16b", "decoding, bfloat16 and int8 weights", "llama.cpp, F32", ">= 1.7 (bfloat16)", Models, input => Decode(input, WeightFormat.BFloat16, WeightFormat.Int8)),
        new("P17", "a pruned student's gain in prefill and decoding", "its teacher, by operations", ">= 0.95 by depth, >= 0.90 by width", Models, Gain),
    ];

    public static Bar? Find(string name) => All.FirstOrDefault(bar => bar.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> Shapes(bool quick) => quick ? ["quickstart", "512-49k"] : Shape.Names;

    private static string[] Models(bool quick) => quick ? DecodeModel.Names[..1] : DecodeModel.Names;

    private static IEnumerable<Row> Decode(CaseInput input, params WeightFormat[] formats)
    {
        if (!DecodeCase.HasPeer)
            throw new NotMeasuredException("no llama.cpp: tests/oracles/llama-cpp/gguf-parity fetches it (node 20 and npm)");
        using var model = new DecodeModel(input.Subject);
        foreach (var row in DecodeCase.Run(input.Subject, model.Folder, model.Gguf(), input.Threads, input.Pairs, formats))
            yield return row;
    }

    private static IEnumerable<Row> Gain(CaseInput input)
    {
        using var model = new DecodeModel(input.Subject);
        var shallow = model.Random(input.Subject, shape => shape with { Layers = shape.Layers / 2 });
        var narrow = model.Random(input.Subject, shape => shape with { HiddenSize = shape.HiddenSize * 3 / 4, IntermediateSize = shape.IntermediateSize * 2 / 3 });
        foreach (var (what, student, least) in new[] { ("depth", shallow, 0.95), ("width", narrow, 0.90) })
            foreach (var row in DecodeGainCase.Run($"{input.Subject}, {what}", model.Folder, student, least, input.Threads, input.Pairs))
                yield return row;
    }

    private static IEnumerable<Row> Step(CaseInput input, bool bfloat16)
    {
        var systems = PeerSystem.Find();
        return systems.Length == 0
            ? throw new NotMeasuredException("no PyTorch: bench/peer-system FOLDER makes a place for it (then ESPALIER_PEER_ROOT=FOLDER), and ESPALIER_PEERS names the folder of kd_step.py")
            : StepCase.Run(Shape.Read(input.Subject), input.Quick ? systems[..1] : systems, input.Threads, input.Pairs, bfloat16, compiled: !input.Quick);
    }
}
