namespace Espalier.Benchmarks;

/// <summary>Every bar, in the order of the design.</summary>
internal static class Bars
{
    private const string PyTorch = "the best form of the PyTorch script";

    public static IReadOnlyList<Bar> All { get; } =
    [
        new("P1", "full distillation step, float32; with it P2, the share of the measured product", PyTorch, ">= 1.2; P2 >= 65 %", Shapes,
            input => Step(input, bfloat16: false)),
        new("P1c", "full distillation step, products in bf16", PyTorch + ", autocast or not", ">= 1.2", Shapes,
            input => Step(input, bfloat16: true)),
        new("P2", "share of the measured product: see P1, which measures it in the same process", "the product", ">= 65 %", _ => ["P1"],
            _ => throw new NotMeasuredException("run P1: its second rows are P2")),
        new("P3", "head and KL, forward and backward", "eager log_softmax and kl_div", ">= 2.3", Heads,
            input => HeadCase.Time(input, Current())),
        new("P4", "memory of P3 beyond the gradient of the head", "the same", "<= 1/10", Heads,
            input => HeadCase.Space(input, Current())) { Threads = [1] },
        new("P5", "peak resident memory of the full step", "the plain PyTorch script", "<= 0.35", Shapes,
            input => StepMemoryCase.Run(input, Current())) { Threads = [1] },
        new("P6", "one-pass importance, all axes", "a plain forward of the same tokens", "<= 1.05", One, ImportanceCase.Run),
        new("P7", "exact leave-one-out depth scan", "L forward passes of PyTorch", ">= 3 at 24 layers, >= 2 at 8", quick => quick
            ? ["8 layers"] : ["8 layers", "24 layers"],
            input => DepthCase.Run(input, PeerSystem.Find().FirstOrDefault())),
        new("P8", "weight bytes that a streamed scan reads", "the model's size", "<= 1.1", One, StreamedReadCase.Run) { Threads = [1] },
        new("P9", "tokenizer, 20 MB of mixed text, exact ids", "Hugging Face tokenizers", ">= 5 cold; one letter <= 3 of prose",
            TokenizerCase.Subjects, TokenizerCase.Run) { Threads = [2] },
        new("P10", "checkpoint with checksum and fsync; stall of the loop", "dd conv=fsync; a blocking save", ">= 0.85; <= 1/10", One,
            SaveCase.Run) { Threads = [1] },
        new("P11", "load a model", "dd, cold", ">= 0.85; resident <= 1.05 of the weights", One, LoadCase.Run) { Threads = [1] },
        new("P12", "data path", "the step; the clock", "<= 1 %; <= 50 ms", One, DataCase.Run) { Threads = [1] },
        new("P13", "one process to two", "the own single process", ">= 1.85", One,
            _ => throw new NotMeasuredException("training in several processes is not there yet")),
        new("P14", "managed memory and the cost of calls", "the step", "0 bytes; <= 1 %", One, OverheadCase.Run) { Threads = [1] },
        new("long", "what 2,000 distillation steps hold on to", "the run after its first 500", "flat", One,
            LongRunCase.Run) { Threads = [1] },
        new("P15", "cache of distributions: bytes a token at no more error than top-128", "top-128", "<= 120", One,
            CacheBenchmark.Run) { Threads = [1] },
        new("P16", "prefill and decoding, float32 weights", "llama.cpp, F32", ">= 1.3 and >= 1.0", Models,
            input => Decode(input, WeightFormat.Float32)),
        new("P16b", "decoding, bfloat16 and int8 weights", "llama.cpp, F32", ">= 1.7 (bfloat16)", Models,
            input => Decode(input, WeightFormat.BFloat16, WeightFormat.Int8)),
        new("P17", "a pruned student's gain in prefill and decoding", "its teacher, by operations", ">= 0.95 by depth, >= 0.90 by width",
            Models, Gain),
        new("serving", "16 requests of a server at the same time; prompts by pieces", "one after the other; large products",
            "for knowledge", Models, ServingCase.Run),
        new("P18", "clean clone to a first step; start of the program", "the clock", "< 60 s; < 0.3 s", One,
            SetUpCase.Run) { Threads = [1] },
        new("P19", "default threads beside as many that only compute", "one thread beside the same", ">= 0.7", quick => quick ? ["default"]
            : ["default", "settings"], BusyCase.Run) { Threads = [2] },
        new("choices", "documents of multiple-choice benchmarks", "a plain loop, a pass for each choice", ">= 3",
            _ => EvaluationCase.Subjects,
            EvaluationCase.Run),
        new("parity", "losses and gradient norms of two distillation steps", "PyTorch, its norms summed in float64", "within 1e-5", Shapes,
            input => ParityCase.Run(input, Current())) { Threads = [1] },
        new("kernels", "each kernel", "the same out of libtorch's operators", "for knowledge", _ => ["all"],
            KernelsBenchmark.Run) { Threads = [1], HasMore = true },
        new("products", "products of float32 in the shapes of layers and heads", "oneDNN", "for knowledge", _ => ProductsCase.Subjects,
            ProductsCase.Run) { Threads = [1] },
        new("roofline", "products and kernels below the machine's roofs", "multiply-adds in registers, and reading", "for knowledge", One,
            RooflineCase.Run) { Threads = [1] },
    ];

    public static Bar? Find(string name) => All.FirstOrDefault(bar => bar.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> One(bool quick) => ["default"];

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
        var narrow =
            model.Random(input.Subject,
                shape => shape with { HiddenSize = shape.HiddenSize * 3 / 4, IntermediateSize = shape.IntermediateSize * 2 / 3 });
        foreach (var (what, student, least) in new[] { ("depth", shallow, 0.95), ("width", narrow, 0.90) })
            foreach (var row in DecodeGainCase.Run($"{input.Subject}, {what}", model.Folder, student, least, input.Threads, input.Pairs))
                yield return row;
    }

    // Eagerly, 8,192 tokens at 128k need some 25 GB.
    private static IEnumerable<string> Heads(bool quick) => quick ? ["1024x32000"] : ["1024x32000", "8192x32000", "1024x128000"];

    private static PeerSystem Current() => PeerSystem.Find().FirstOrDefault() ?? throw new NotMeasuredException(PeerSystem.Missing);

    private static IEnumerable<Row> Step(CaseInput input, bool bfloat16)
    {
        Current();
        var systems = PeerSystem.Find();
        return StepCase.Run(Shape.Read(input.Subject), input.Quick || bfloat16 ? systems[..1]
            : systems, input.Threads, input.Pairs, bfloat16, compiled: !input.Quick);
    }
}
