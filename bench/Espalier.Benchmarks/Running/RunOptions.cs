namespace Espalier.Benchmarks;

/// <summary>What the command line of <c>bench/run</c> asks for.</summary>
internal sealed record RunOptions
{
    public List<Bar> Bars { get; } = [];

    public int[] Threads { get; private init; } = [1, 2];

    public int Pairs { get; private init; } = 9;

    public bool Quick { get; private init; }

    public string[] Only { get; private init; } = [];

    /// <summary>The folder for results; empty for bench/results.</summary>
    public string Output { get; private init; } = "bench/results";

    public static RunOptions Parse(string[] arguments)
    {
        var options = new RunOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            string Value() => ++i < arguments.Length ? arguments[i] : throw new ArgumentException($"{arguments[^1]} needs a value");
            switch (arguments[i])
            {
                case "--pairs": options = options with { Pairs = Number(Value()) }; break;
                case "--threads": options = options with { Threads = [.. Value().Split(',').Select(Number)] }; break;
                case "--only": options = options with { Only = Value().Split(',') }; break;
                case "--output": options = options with { Output = Value() }; break;
                case "--quick": options = options with { Quick = true }; break;
                case "all": options.Bars.AddRange(Benchmarks.Bars.All); break;
                case var name when Benchmarks.Bars.Find(name) is { } bar: options.Bars.Add(bar); break;
                case var other: throw new ArgumentException($"bench/run does not know {other}; --help lists the bars");
            }
        }
        return options.Bars.Count > 0 ? options : throw new ArgumentException("bench/run needs a bar, or all; --help lists them");
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
            : throw new ArgumentException($"{text} is no number above 0");
}
