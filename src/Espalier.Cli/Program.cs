using System.Runtime.CompilerServices;
using Espalier.Cli;
using Espalier.Cli.Commands;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;

return OpenFiles.AreTooFew() ? ExitCodes.WrongUsageOrInput : Start(args);

// On its own, so that nothing else is loaded before that check.
[MethodImpl(MethodImplOptions.NoInlining)]
static int Start(string[] args) => Launch.Run(CommandList.All(), args, Terminal.OfProcess());
