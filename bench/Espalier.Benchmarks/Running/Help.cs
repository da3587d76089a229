using System.Text;

namespace Espalier.Benchmarks;

/// <summary>What <c>bench/run --help</c> prints.</summary>
internal static class Help
{
    public static string Text()
    {
        var text = new StringBuilder("""
            Usage: bench/run BAR... | all  [--threads 1,2] [--pairs 9] [--quick] [--only CASE,...] [--output FOLDER]

            Measures a bar of docs/performance.md against its peer, pair by pair in turn, and writes bench/results/<processor>/BAR.md and BAR.json.

              --threads N,..  threads of both sides; 1,2
              --pairs N       pairs that count, after the warm-up; 9, at least 7
              --quick         few cases, no compiled peer, as many pairs as asked for: to see that it runs
              --only A,B      these cases alone, also of those that --quick leaves out
              --output FOLDER bench/results unless given

            ESPALIER_PEER_ROOT is a Debian with a current PyTorch (bench/peer-system makes one; root); the scripts that run in it are in bench/peers.

            Bars:

            """);
        foreach (var bar in Bars.All)
            text.Append($"  {bar.Name,-9} {bar.What}; against {bar.Against}; {bar.Must}\n");
        return text.ToString();
    }
}
