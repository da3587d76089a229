namespace Espalier.Benchmarks;

/// <summary>Every bar, in the order of the design.</summary>
internal static class Bars
{
    private const string PyTorch = "the best form of the PyTorch script";

    public static IReadOnlyList<Bar> All { get; } =
    [
        new("P1", "full distillation step, float32; with it P2, the share of the measured product", PyTorch, ">= 1.2; P2 >= 65 %", Shapes, input => Step(input, bfloat16: false)),
        new("P1c", "full distillation step, products in bf16", PyTorch + ", autocast or not", ">= 1.2", Shapes, input => Step(input, bfloat16: true)),
        new("P2", "share of the measured product: see P1, which measures it in the same process", "the product", ">= 65 %", _ => ["P1"], _ => throw new NotMeasuredException("run P1: its second rows are P2")),
        new("P3", "head and KL, forward and backward", "eager log_softmax and kl_div", ">= 2.3", Heads, input => HeadCase.Time(input, Current())),
        new("P4", "memory of P3 beyond the gradient of the head", "the same", "<= 1/10", Heads, input => HeadCase.Space(input, Current())) { Threads = [1] },
        new("P5", "peak resident memory of the full step", "the plain PyTorch script", "<= 0.35", Shapes, input => StepMemoryCase.Run(input, Current())) { Threads = [1] },
        new("P6", "one-pass importance, all axes", "a plain forward of the same tokens", "<= 1.05", One, ImportanceCase.Run),
        new("P7", "exact leave-one-out depth scan", "L forward passes of PyTorch", ">= 3 at 24 layers, >= 2 at 8", quick => quick ? ["8 layers"] : ["8 layers", "24 layers"],
            input => DepthCase.Run(input, PeerSystem.Find().FirstOrDefault())),
        new("P8", "weight bytes that a streamed scan reads", "the model's size", "<= 1.1", One, StreamedReadCase.Run) { Threads = [1] },
        new("P10", "checkpoint with checksum and fsync; stall of the loop", "dd conv=fsync; a blocking save", ">= 0.85; <= 1/10", One, CheckpointCases.Save) { Threads = [1] },
        new("P11", "load a model", "dd, cold", ">= 0.85; resident <= 1.05 of the weights", One, CheckpointCases.Load) { Threads = [1] },
        new("P12", "data path", "the step; the clock", "<= 1 %; <= 50 ms", One, DataCase.Run) { Threads = [1] },
        new("P13", "one process to two", "the own single process", ">= 1.85", One, _ => throw new NotMeasuredException("training in several processes is not there yet")),
        new("P14", "managed memory and the cost of calls", "the step", "0 bytes; <= 1 %", One, OverheadCase.Run) { Threads = [1] },
        new("P15", "cache of distributions: bytes a token at no more error than top-128", "top-128", "<= 120", One, CacheBenchmark.Run) { Threads = [1] },
        new("P16", "reading a prompt and going on, float32", "llama.cpp, F32", ">= 1.3; >= 1.0", quick => quick ? ["bundled-7m"] : ["bundled-7m", "random-135m"], GenerationCase.Run),
        new("P17", "gain of a pruned student", "its ratio of operations", ">= 0.95 by depth, >= 0.90 by width", _ => ["depth", "width"], PrunedGainCase.Run),
        new("P18", "clean clone to a first step; start of the program", "the clock", "< 60 s; < 0.3 s", One, SetUpCase.Run) { Threads = [1] },
        new("P19", "default threads beside as many that only compute", "one thread beside the same", ">= 0.7", quick => quick ? ["default"] : ["default", "settings"], BusyCase.Run) { Threads = [2] },
        new("kernels", "each kernel", "the same out of libtorch's operators", "for knowledge", _ => ["all"], KernelsBenchmark.Run) { Threads = [1] },
        new("roofline", "products and kernels below the machine's roofs", "multiply-adds in registers, and reading", "for knowledge", One, RooflineCase.Run) { Threads = [1] },
    ];

    public static Bar? Find(string name) => All.FirstOrDefault(bar => bar.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> One(bool quick) => ["default"];

    private static IEnumerable<string> Shapes(bool quick) => quick ? ["quickstart", "512-49k"] : Shape.Names;

    // Eagerly, 8,192 tokens at 128k need some 25 GB.
    private static IEnumerable<string> Heads(bool quick) => quick ? ["1024x32000"] : ["1024x32000", "8192x32000", "1024x128000"];

    private static PeerSystem Current() => PeerSystem.Find().FirstOrDefault() ?? throw new NotMeasuredException(PeerSystem.Missing);

    private static IEnumerable<Row> Step(CaseInput input, bool bfloat16)
    {
        Current();
        var systems = PeerSystem.Find();
        return StepCase.Run(Shape.Read(input.Subject), input.Quick || bfloat16 ? systems[..1] : systems, input.Threads, input.Pairs, bfloat16, compiled: !input.Quick);
    }
}
